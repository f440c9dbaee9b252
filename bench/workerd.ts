// workerd itself, one process for each Worker under test: no wrangler, no Miniflare, nothing between the socket and the
// Worker. The same binary and the same settings for all.

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isPortFree, localHost } from '../dev/ports.ts'
import { waitUntil } from '../dev/processes.ts'
import { ensureDir } from '../dev/clone.ts'
import { type Running, start } from './processes.ts'
import { createRequire } from 'node:module'

export type WorkerdOptions = {
  /** Where the configuration and the objects' storage go. */
  dir: string
  port: number
  compatibilityDate: string
  modules: readonly { name: string; text: string }[]
  vars: { readonly [name: string]: string }
  /** An account object with its storage on disk, and the queues' other end. */
  objects?: { queuePort?: number }
  /** For a profile of the Worker, which costs time itself. */
  inspectorPort?: number | undefined
}

/** As long as workerd may take until it listens. */
const startsWithinMs = 10_000

export async function startWorkerd(options: WorkerdOptions): Promise<Running> {
  ensureDir(options.dir)
  const config = join(options.dir, 'config.capnp')
  options.modules.forEach(({ text }, index) => writeFileSync(join(options.dir, `module-${index}`), text))
  if (options.objects !== undefined) ensureDir(join(options.dir, 'objects'))
  writeFileSync(config, configOf(options))
  // Writing the log is part of the work; where it goes is not.
  const { inspectorPort } = options
  const inspector = inspectorPort === undefined ? [] : [`--inspector-addr=${localHost}:${inspectorPort}`]
  const running = start('measured', workerdPath(), ['serve', config, ...inspector], 'ignore')
  const isListening = async () => !(await isPortFree(options.port))
  const endAt = Date.now() + startsWithinMs
  while (!(await isListening())) {
    if (Date.now() > endAt || running.child.exitCode !== null) throw new Error('workerd did not start')
    await waitUntil(() => false, 50)
  }
  return running
}

export function workerdPath(): string {
  // The package has no types; its default export is the path of the binary for this machine.
  const path: { default: string } = createRequire(import.meta.url)('workerd')
  return path.default
}

function configOf({ modules, vars, port, compatibilityDate, objects, dir }: WorkerdOptions): string {
  const text = (value: string) => JSON.stringify(value)
  const moduleLines = modules.map(
    ({ name }, index) => `(name = ${text(name)}, esModule = embed ${text(`module-${index}`)})`,
  )
  const bindings = Object.entries(vars).map(
    ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
  )
  // Only the product, which is what has a queue, hosts calls.
  const classes = [
    ...(objects === undefined ? [] : [['ACCOUNT', 'AccountObject', 'bench']]),
    ...(objects?.queuePort === undefined ? [] : [['RELAY', 'RelayObject', 'bench-relay']]),
  ]
  for (const [name, className] of classes)
    bindings.push(`(name = "${name}", durableObjectNamespace = "${className}")`)
  if (objects?.queuePort !== undefined) {
    bindings.push(
      '(name = "ENTRIES_QUEUE", queue = "entries")',
      '(name = "TASKS_QUEUE", queue = "entries")',
      '(name = "CAPTURES_QUEUE", queue = "entries")',
    )
  }
  const objectLines =
    objects === undefined
      ? ''
      : `durableObjectNamespaces = [${classes
          .map(([, className, key]) => `(className = "${className}", uniqueKey = "${key}", enableSql = true)`)
          .join(', ')}],
         durableObjectStorage = (localDisk = "disk"),`
  const disk =
    objects === undefined
      ? ''
      : `(name = "disk", disk = (path = ${text(join(dir, 'objects'))}, writable = true)),`
  const queues =
    objects?.queuePort === undefined
      ? ''
      : `(name = "entries", external = (address = ${text(`${localHost}:${objects.queuePort}`)}, http = ())),`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [${moduleLines.join(',\n')}],
      compatibilityDate = ${text(compatibilityDate)},
      ${objectLines}
      bindings = [${bindings.join(',\n')}],
    )),
    ${disk}
    ${queues}
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = ${text(`${localHost}:${port}`)}, http = (), service = "main")],
);
`
}

/** The modules of a bundled Worker, the main one first: that is how workerd knows it. */
export function moduleNames(dir: string, mainModule: string): readonly string[] {
  const others = readdirSync(dir).filter((name) => name.endsWith('.js') && name !== mainModule)
  return [mainModule, ...others]
}
