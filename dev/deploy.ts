// `npm run deploy`: uploads the Worker with `wrangler deploy` and says what comes next. Takes `--env production`, which is
// the only environment there is; everything else goes to wrangler as it is.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { cloneDir } from './clone.ts'
import { environmentProblem } from './secrets.ts'

const help = `npm run deploy -- --env production

Uploads the Worker of wrangler.toml with wrangler and prints its URL. The queues and the secrets must be there:
npm run setup -- --env production. Repeat it for every new version.

Everything else goes to wrangler deploy as it is, such as --dry-run; npx wrangler deploy --help lists it.
After it: npm run doctor -- https://your-worker-url
`

const parameters = process.argv.slice(2)
if (parameters.includes('--help') || parameters.includes('-h')) {
  console.log(help)
  process.exit(0)
}
const position = parameters.findIndex((parameter) => parameter === '--env' || parameter === '-e')
const named = position === -1 ? [] : parameters.splice(position, 2)
const problem = environmentProblem(named[1])
if (problem !== undefined) {
  console.error(`✗ ${problem}`)
  process.exit(1)
}

const program = join(cloneDir, 'node_modules/wrangler/bin/wrangler.js')
const run = spawnSync(process.execPath, [program, 'deploy', ...parameters], {
  cwd: cloneDir,
  stdio: 'inherit',
})
if (run.status === 0) console.log('\nNext: npm run doctor -- https://the-url-above')
else
  console.error('\n✗ wrangler did not deploy. Missing queues or secrets: npm run setup -- --env production')
process.exitCode = run.status ?? 1
