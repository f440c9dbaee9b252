// Installs the packages before a start, a test or a check, if they are not those of package-lock.json: the root's, or those of
// the folder that is named (`node dev/install.mjs test/sdk`). Plain JavaScript, because it runs on the machine's own Node (20
// or newer), before the Node of this project is there.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const cloneDir = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const rootModulesDir = join(cloneDir, 'node_modules')
const nodeOfPackages = join(rootModulesDir, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

/** Sizes as measured on linux-x64; other systems differ by some 50 MB, and by what their agents weigh. */
const folders = {
  '.': { what: 'packages', downloadMb: 310, diskMb: 760, more: [] },
  // The agents' programs lie in packages of their own; no script of a stranger runs.
  'test/counting/tokenizers': { what: 'tokenizers', downloadMb: 90, diskMb: 320, more: ['--ignore-scripts'] },
  'test/sdk': { what: 'SDKs and agents', downloadMb: 430, diskMb: 1_150, more: ['--ignore-scripts'] },
  'test/conform/schemas': { what: 'schema generator', downloadMb: 8, diskMb: 40, more: ['--ignore-scripts'] },
}
const folder = process.argv[2] ?? '.'
const sizes = folders[folder]
if (sizes === undefined)
  fail(`Packages are installed in ${Object.keys(folders).join(' or ')}, not in "${folder}".`)
const folderDir = join(cloneDir, folder)
const modulesDir = join(folderDir, 'node_modules')
const lockFile = join(folderDir, 'package-lock.json')
const installedFile = join(modulesDir, '.package-lock.json')
const stampFile = join(modulesDir, '.sluice-lock-hash')

const oldestNode = 20
/** From here on Node runs TypeScript files as they are. */
const typeScriptNode = [22, 18]

const lockHash = createHash('sha256').update(readFileSync(lockFile)).digest('hex')

if (!isInstalled()) await install()
requireNode()

function isInstalled() {
  if (!existsSync(installedFile) || !isWhole()) return false
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockHash) return true
  // Somebody ran `npm install` or `npm ci` by hand: what is there may already be what the lock says.
  if (!matchesLock()) return false
  writeFileSync(stampFile, lockHash)
  return true
}

/** Somebody may have deleted a part of it, or an installation was cut short: less than a millisecond for 120 packages. */
function isWhole() {
  const packages = Object.entries(JSON.parse(readFileSync(installedFile, 'utf8')).packages)
  const isThere = packages.every(([path]) => existsSync(join(folderDir, path, 'package.json')))
  const bringsNode = packages.some(([, entry]) => entry.bin?.node !== undefined)
  return isThere && (!bringsNode || existsSync(nodeOfPackages))
}

function matchesLock() {
  const wanted = Object.entries(JSON.parse(readFileSync(lockFile, 'utf8')).packages)
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  return wanted.every(([path, entry]) => {
    if (path === '') return true
    const found = installed[path]
    // npm leaves optional packages of other systems out, and not all of those say which system they are for.
    return found === undefined ? entry.optional === true : found.version === entry.version
  })
}

async function install() {
  const [major] = versionOf(process.versions.node)
  if (major < oldestNode)
    fail(`Node ${process.versions.node} is too old: install Node ${oldestNode} or newer.`)
  requireDisk()
  const { what, downloadMb, diskMb } = sizes
  console.log(`Installing ${what}: about ${downloadMb} MB to download, ${diskMb} MB on disk.`)
  const startedAt = Date.now()
  const seconds = () => Math.round((Date.now() - startedAt) / 1_000)
  const ticker = setInterval(() => console.log(`… installing, ${seconds()} s`), 10_000)
  const { code, output } = await runNpmCi()
  clearInterval(ticker)
  if (code !== 0) fail(explain(output))
  writeFileSync(stampFile, lockHash)
  console.log(`Installed in ${seconds()} s.`)
}

function requireDisk() {
  const { bavail, bsize } = statfsSync(cloneDir)
  const freeMb = Math.floor((bavail * bsize) / 1_000_000)
  if (freeMb < sizes.diskMb)
    fail(`The disk has ${freeMb} MB left; the packages need ${sizes.diskMb} MB. Make room and start again.`)
}

/**
 * With the machine's own Node and npm, never with the Node inside node_modules: `npm ci` begins by deleting that folder,
 * and with it the program that would be running.
 */
function runNpmCi() {
  const paths = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes(rootModulesDir))
  const nodeName = process.platform === 'win32' ? 'node.exe' : 'node'
  const isInside = process.execPath.startsWith(rootModulesDir + sep)
  const ownNode = paths.map((path) => join(path, nodeName)).find((path) => existsSync(path))
  const node = isInside ? (ownNode ?? process.execPath) : process.execPath
  const npm = process.env.npm_execpath
  const args = ['ci', '--loglevel=error', '--no-audit', '--no-fund', ...sizes.more]
  const env = { ...withoutInnerNpm(process.env), PATH: paths.join(delimiter) }
  const options = { cwd: folderDir, env, stdio: ['ignore', 'ignore', 'pipe'] }
  const child =
    npm?.endsWith('.js') === true
      ? spawn(node, [npm, ...args], options)
      : spawn('npm', args, { ...options, shell: process.platform === 'win32' })
  let output = ''
  child.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-8_000)
  })
  return new Promise((done) => {
    child.once('error', (error) => done({ code: 1, output: error.message }))
    child.once('close', (code) => done({ code, output }))
  })
}

/** `npm run` under the Node inside node_modules names that Node's empty settings; the machine's own may hold a certificate. */
function withoutInnerNpm(env) {
  const isInner = ([name, value]) => /^npm_config_/i.test(name) && value.startsWith(rootModulesDir)
  return Object.fromEntries(Object.entries(env).filter((entry) => !isInner(entry)))
}

function explain(output) {
  if (/ENOSPC|EDQUOT/.test(output))
    return `The disk is full: the packages need ${sizes.diskMb} MB. Make room and start again.`
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(output)) {
    return `The package registry could not be reached. Check the network, and \`npm config get registry\` behind a proxy.\n${output}`
  }
  if (/EACCES|EPERM|EROFS/.test(output)) return `This user may not write to ${modulesDir}.\n${output}`
  return `The packages could not be installed.\n${output}`
}

function requireNode() {
  if (existsSync(nodeOfPackages)) return
  const [major, minor] = versionOf(process.versions.node)
  const [wantedMajor, wantedMinor] = typeScriptNode
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  fail(`No Node comes with the packages for ${process.platform}-${process.arch}: install Node 24 or newer.`)
}

function versionOf(text) {
  return text.split('.').map(Number)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
