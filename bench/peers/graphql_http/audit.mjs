// The audit as npm has it, against AUDIT.url, signed in by AUDIT.token. Exit code 0: every check passed.
import { auditServer } from 'graphql-http'

const { url, token } = JSON.parse(process.env.AUDIT)

// The token goes with every request, as of any client that is signed in: a GET without a header of its own is refused,
// since a page of another site could make a browser send it.
const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, redirect: 'error', headers: { ...options.headers, authorization: `Bearer ${token}` } })

const results = await auditServer({ url, fetchFn })
for (const { id, name, status, reason } of results) {
  console.log(`${status.padEnd(6)} ${id}  ${name}${reason ? `: ${reason}` : ''}`)
}
const passed = results.filter(({ status }) => status === 'ok').length
console.log(`${passed} of ${results.length} checks passed`)
process.exit(passed === results.length && passed === 61 ? 0 : 1)
