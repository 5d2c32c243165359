CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE accounts (
	name TEXT NOT NULL, 
	stamp TEXT NOT NULL, 
	password_hash TEXT, 
	roles TEXT NOT NULL, 
	permissions TEXT NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	attributes TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, second_factor BOOLEAN DEFAULT 0 NOT NULL, store TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (name)
)
 WITHOUT ROWID

;
CREATE TABLE auth_tokens (
	name TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	issued_at DOUBLE, 
	valid_until DOUBLE, 
	PRIMARY KEY (name), 
	FOREIGN KEY(name) REFERENCES accounts (name) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE sessions (
	number INTEGER NOT NULL, 
	fingerprint BLOB NOT NULL, 
	id TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	stamp TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	auth_time DOUBLE NOT NULL, 
	last_seen DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	idle_timeout DOUBLE NOT NULL, 
	ends_at DOUBLE NOT NULL, 
	amr TEXT NOT NULL, 
	address TEXT NOT NULL, 
	user_agent TEXT NOT NULL, 
	data TEXT NOT NULL, kind TEXT DEFAULT 'session' NOT NULL, binding TEXT DEFAULT '' NOT NULL, acr TEXT, issuer TEXT, sid TEXT, 
	PRIMARY KEY (number), 
	UNIQUE (fingerprint), 
	UNIQUE (id)
);
CREATE INDEX sessions_by_subject ON sessions (subject, created_at);
CREATE INDEX sessions_by_age ON sessions (created_at);
CREATE INDEX sessions_by_end ON sessions (ends_at);
CREATE TABLE failures (
	"key" BLOB NOT NULL, 
	count INTEGER NOT NULL, 
	first_at DOUBLE NOT NULL, 
	last_at DOUBLE NOT NULL, 
	until DOUBLE NOT NULL, 
	PRIMARY KEY ("key")
)
 WITHOUT ROWID

;
CREATE INDEX failures_by_end ON failures (until);
CREATE TABLE places (
	account TEXT NOT NULL, 
	address TEXT NOT NULL, 
	seen_at DOUBLE NOT NULL, 
	PRIMARY KEY (account, address), 
	FOREIGN KEY(account) REFERENCES accounts (name) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE changes (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	"key" BLOB NOT NULL, 
	at DOUBLE NOT NULL
);
CREATE TABLE clients (
	id TEXT NOT NULL, 
	stamp TEXT NOT NULL, 
	secret_hash TEXT, 
	jwks TEXT NOT NULL, 
	redirect_uris TEXT NOT NULL, 
	grants TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	roles TEXT NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	created_at DOUBLE NOT NULL, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID

;
CREATE TABLE families (
	number INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	handle BLOB NOT NULL, 
	fingerprint BLOB NOT NULL, 
	subject TEXT NOT NULL, 
	stamp TEXT NOT NULL, 
	client_id TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	auth_time DOUBLE NOT NULL, 
	last_used DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	scopes TEXT, 
	audience TEXT NOT NULL, 
	amr TEXT NOT NULL, 
	acr TEXT, 
	address TEXT NOT NULL, 
	country TEXT NOT NULL, 
	user_agent TEXT NOT NULL, 
	device TEXT NOT NULL, 
	spent BLOB NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (id), 
	UNIQUE (handle)
);
CREATE INDEX families_by_subject ON families (subject, created_at);
CREATE INDEX families_by_client ON families (client_id);
CREATE INDEX families_by_age ON families (created_at);
CREATE INDEX families_by_end ON families (expires_at);
CREATE TABLE reference_tokens (
	number INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	fingerprint BLOB NOT NULL, 
	subject TEXT NOT NULL, 
	stamp TEXT NOT NULL, 
	client_id TEXT NOT NULL, 
	family TEXT, 
	scopes TEXT, 
	audience TEXT NOT NULL, 
	amr TEXT NOT NULL, 
	acr TEXT, 
	auth_time DOUBLE NOT NULL, 
	issued_at DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (id), 
	UNIQUE (fingerprint)
);
CREATE INDEX reference_tokens_by_subject ON reference_tokens (subject);
CREATE INDEX reference_tokens_by_client ON reference_tokens (client_id);
CREATE INDEX reference_tokens_by_family ON reference_tokens (family);
CREATE INDEX reference_tokens_by_end ON reference_tokens (expires_at);
CREATE TABLE api_keys (
	number INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	fingerprint BLOB NOT NULL, 
	subject TEXT NOT NULL, 
	name TEXT NOT NULL, 
	hint TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	expires_at DOUBLE, 
	last_used DOUBLE, 
	scopes TEXT, 
	superseded_by TEXT, 
	PRIMARY KEY (number), 
	UNIQUE (id), 
	UNIQUE (fingerprint)
);
CREATE INDEX api_keys_by_subject ON api_keys (subject, created_at);
CREATE INDEX api_keys_by_age ON api_keys (created_at);
CREATE INDEX api_keys_by_end ON api_keys (expires_at);
CREATE INDEX changes_by_name ON changes ("key") WHERE kind IN ('account', 'client');
CREATE TABLE credentials (
	number INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	secret BLOB NOT NULL, 
	label TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	confirmed BOOLEAN NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (id), 
	FOREIGN KEY(subject) REFERENCES accounts (name) ON DELETE CASCADE
);
CREATE INDEX credentials_by_subject ON credentials (subject, created_at);
CREATE TABLE spent_values (
	purpose TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	until DOUBLE NOT NULL, 
	PRIMARY KEY (purpose, digest)
)
 WITHOUT ROWID

;
CREATE INDEX spent_values_by_end ON spent_values (until);
CREATE TABLE account_attributes (
	attribute TEXT NOT NULL, 
	value TEXT NOT NULL, 
	account TEXT NOT NULL, 
	PRIMARY KEY (attribute, value, account), 
	FOREIGN KEY(account) REFERENCES accounts (name) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE INDEX account_attributes_by_account ON account_attributes (account);
CREATE INDEX accounts_by_store ON accounts (store, name) WHERE store <> '';
CREATE TABLE third_party_credentials (
	subject TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	id TEXT NOT NULL, 
	sealed BLOB NOT NULL, 
	hint TEXT NOT NULL, 
	state TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	provider_status INTEGER, 
	checked_at DOUBLE, 
	verified_at DOUBLE, 
	PRIMARY KEY (subject, provider), 
	FOREIGN KEY(subject) REFERENCES accounts (name) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE linked_identities (
	issuer TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	account TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	PRIMARY KEY (issuer, subject), 
	FOREIGN KEY(account) REFERENCES accounts (name) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE INDEX linked_identities_by_account ON linked_identities (account, created_at);
CREATE INDEX sessions_by_issuer ON sessions (issuer, sid) WHERE issuer IS NOT NULL;
INSERT INTO alembic_version VALUES ('0006');
INSERT INTO changes VALUES (1, 'all', X'', 0.0);
