// The Worker as `wrangler deploy` would upload it, and what wrangler.toml binds, in the form that Miniflare takes. Made
// once per content of the sources and kept, so that a restart costs nothing.

import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, relative, resolve } from 'node:path'
import { cloneDir, ensureDir, hashOf } from './clone.ts'

/** Old bundles go, but not one that a running world may start again from. */
const kept = 4
const keptForMs = 3_600_000
export const defaultEntry = join(cloneDir, 'src', 'worker.ts')
const configFile = join(cloneDir, 'wrangler.toml')

/** A folder with the modules and `options.json`, Miniflare's options of the Worker without its modules. */
export type Bundle = { dir: string; mainModule: string }

/** Wrangler talks to nobody from here: no metrics, no update check, no banner. */
export const quietWrangler = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_LOG: 'warn',
  WRANGLER_LOG_PATH: join(cloneDir, '.sluice', 'wrangler-logs'),
}

export async function bundleWorker(entry: string = defaultEntry): Promise<Bundle> {
  const home = ensureDir(join(cloneDir, '.sluice'))
  const dir = join(home, `bundle-${contentHash(entry)}`)
  const mainModule = `${relative(dirname(entry), entry).slice(0, -extname(entry).length)}.js`
  if (existsSync(join(dir, 'options.json'))) return { dir, mainModule }
  const draft = `${dir}.${process.pid}`
  try {
    const [, options] = await Promise.all([runWrangler(entry, draft), workerOptions()])
    writeFileSync(join(draft, 'options.json'), JSON.stringify(options))
    // Somebody else may have been faster with the same content: then theirs is as good.
    if (!existsSync(dir)) renameSync(draft, dir)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  removeOld(home, dir)
  return { dir, mainModule }
}

function runWrangler(entry: string, outDir: string): Promise<void> {
  const program = join(cloneDir, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
  const args = ['deploy', entry, '--dry-run', '--outdir', outDir, '--config', configFile]
  const options = { cwd: cloneDir, env: { ...process.env, ...quietWrangler } }
  return new Promise((done, failed) => {
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      if (error === null) done()
      else failed(new Error(`The Worker could not be bundled.\n${stdout}${stderr}`, { cause: error }))
    })
  })
}

async function workerOptions(): Promise<unknown> {
  Object.assign(process.env, quietWrangler)
  // Imported here alone: it takes over a second, and a bundle that is already there needs none of it.
  const wrangler = await import('wrangler')
  const config = wrangler.unstable_readConfig({ config: configFile })
  const { workerOptions } = wrangler.unstable_getMiniflareWorkerOptions(config)
  // Without the module rules, which are applied when bundling, and without what wrangler read from .dev.vars.
  const { modulesRules: _rules, rootPath: _root, ...options } = workerOptions
  return { ...options, name: config.name, bindings: config.vars }
}

/** Everything that shapes the bundle: sources, the entry's folder, the configuration, the versions. */
function contentHash(entry: string): string {
  const files = [
    ...filesBelow(join(cloneDir, 'src')),
    ...readdirSync(dirname(entry)).map((name) => join(dirname(entry), name)),
    ...['wrangler.toml', 'package.json', 'package-lock.json', 'tsconfig.json'].map((name) =>
      join(cloneDir, name),
    ),
    entry,
  ]
  const parts = [...new Set(files.map((file) => resolve(file)))]
    .filter((file) => statSync(file).isFile())
    .sort()
    .map((file) => `${file} ${hashOf(readFileSync(file))}`)
  return hashOf([entry, ...parts].join('\n'))
}

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name))
}

function removeOld(home: string, current: string): void {
  const age = (dir: string) => statSync(dir).mtimeMs
  const dirs = readdirSync(home)
    .filter((name) => /^bundle-[0-9a-f]+$/.test(name))
    .map((name) => join(home, name))
    .filter((dir) => dir !== current)
    .sort((a, b) => age(b) - age(a))
  const isOld = (dir: string) => Date.now() - age(dir) > keptForMs
  for (const dir of dirs.slice(kept - 1).filter(isOld)) rmSync(dir, { recursive: true, force: true })
}
