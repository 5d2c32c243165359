// A server of CouchDB's interface that nobody here wrote: express-pouchdb over PouchDB in memory.
//
//     node pouchdb_server.js '{"secret": "…", "timeout": 600, "admins": {"root": "…"}, "users": [documents of _users]}'
//
// Prints "ready PORT" when it accepts connections on loopback, and stops when its standard input is closed.
'use strict';

const express = require('express');
const PouchDB = require('pouchdb-core')
  .plugin(require('pouchdb-adapter-memory'))
  .plugin(require('pouchdb-adapter-http'))
  .plugin(require('pouchdb-mapreduce'))
  .plugin(require('pouchdb-replication'));

const wanted = JSON.parse(process.argv[2] || '{}');
const routes = require('express-pouchdb')({
  inMemoryConfig: true,
  logPath: '/dev/null',
  overrideMode: { exclude: ['routes/fauxton', 'disk-size', 'routes/log', 'routes/http-log'] },
});
if (wanted.secret) routes.couchConfig.set('couch_httpd_auth', 'secret', wanted.secret, () => {});
if (wanted.timeout) routes.couchConfig.set('couch_httpd_auth', 'timeout', wanted.timeout, () => {});

const application = express();
application.use('/', routes);

async function main() {
  for (const [name, password] of Object.entries(wanted.admins || {})) {
    await new Promise((resolve) => routes.couchConfig.set('admins', name, password, resolve));
  }
  await routes.setPouchDB(PouchDB.defaults({ adapter: 'memory' }));
  const server = application.listen(0, '127.0.0.1', async () => {
    const { port } = server.address();
    for (const document of wanted.users || []) {
      const answer = await fetch(`http://127.0.0.1:${port}/_users/org.couchdb.user:${encodeURIComponent(document.name)}`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ type: 'user', roles: [], ...document }),
      });
      if (!answer.ok) throw new Error(`${document.name}: ${answer.status} ${await answer.text()}`);
    }
    console.log(`ready ${port}`);
  });
}

process.stdin.on('end', () => process.exit(0)).resume();
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
