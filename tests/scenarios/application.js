// A small session service over HTTP with node-postgres' own pool, for the scenarios.
//
//     application.js FOLDER_OF_PG '{"connection": {...}, "max": 50}'
//
// It prints its port and serves until its standard input ends. GET /pool tells the pool's own three numbers; POST /query, /leak, /give and /want do what
// application.py does.
'use strict';
const http = require('http');
const { Pool } = require(process.argv[2] + '/pg');

const how = JSON.parse(process.argv[3]);
const pool = new Pool({ ...how.connection, max: how.max, min: 5, idleTimeoutMillis: 10000, connectionTimeoutMillis: how.timeout || 30000, query_timeout: 60000 });
let leaked = [], requests = 0, errors = 0;
pool.on('error', () => { errors += 1; });

async function query(sql) {
  requests += 1;
  try {
    return (await pool.query(sql)).rows;
  } catch (why) {
    errors += 1;
    throw why;
  }
}

const acts = {
  '/query': async what => ({ rows: await query(what.sql) }),
  '/leak': async what => {
    for (let i = 0; i < Number(what.n || 1); i++) leaked.push(await pool.connect());
    return { leaked: leaked.length };
  },
  '/give': async () => {
    leaked.forEach(client => client.release());
    leaked = [];
    return {};
  },
  '/want': async what => {
    for (let i = 0; i < Number(what.n || 1); i++) query(what.sql || 'select 1').catch(() => {});
    return {};
  },
};

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  let body = '';
  request.on('data', part => { body += part; });
  request.on('end', async () => {
    let status = 200, answer = {};
    try {
      if (request.method === 'POST' && acts[url.pathname]) answer = await acts[url.pathname](Object.fromEntries(new URLSearchParams(body)));
      else if (url.pathname === '/pool') answer = { totalCount: pool.totalCount, idleCount: pool.idleCount, waitingCount: pool.waitingCount, max: how.max };
      else if (url.pathname === '/metrics') {
        answer = `# TYPE db_requests_total counter\ndb_requests_total ${requests}\n# TYPE db_errors_total counter\ndb_errors_total ${errors}\n`;
      } else status = 404;
    } catch (why) {
      status = 500;
      answer = { error: String(why.message) };
    }
    response.writeHead(status, { 'Content-Type': typeof answer === 'string' ? 'text/plain; version=0.0.4' : 'application/json' });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
