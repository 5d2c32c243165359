"""A directory that is asked by LDAP (RFC 4511): OpenLDAP, Active Directory and others of the kind."""
