// How large the Worker is: the part that evaluates at its start, and all that is uploaded. What is reached by `import()` alone
// waits in the same script or in a module beside it until somebody asks for it.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

export type BundleSizes = { startGzipBytes: number; uploadGzipBytes: number }

/** What evaluates at the start of a Worker: the goal of docs/performance.md. */
const startGzipBytesMax = 200 * 1024
/** The platform takes 10 MB, and 3 MB on its free plan, where a newcomer tries this. */
const uploadGzipBytesMax = 3 * 1024 * 1024

/** What wrangler writes with `--metafile`: esbuild's report of the script's parts. */
export type Metafile = {
  inputs: { readonly [file: string]: { imports: readonly { path: string; kind: string }[] } }
  outputs: {
    readonly [file: string]: {
      entryPoint?: string
      inputs: { readonly [file: string]: { bytesInOutput: number } }
    }
  }
}

export function bundleSizes(folder: string): BundleSizes {
  const metafile: Metafile = JSON.parse(readFileSync(join(folder, 'bundle-meta.json'), 'utf8'))
  const gzipBytesOf = (name: string) => gzipSync(readFileSync(join(folder, name))).length
  const uploaded = readdirSync(folder).filter((name) => !/\.(?:map|json|md)$/.test(name))
  return {
    startGzipBytes: Math.ceil(gzipBytesOf('worker.js') * startShareOf(metafile)),
    uploadGzipBytes: uploaded.reduce((bytes, name) => bytes + gzipBytesOf(name), 0),
  }
}

/** The share of the script's bytes that is reached from its entry by static imports. */
export function startShareOf({ inputs, outputs }: Metafile): number {
  const script = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined)
  if (script?.entryPoint === undefined) throw new Error('The report of the bundle names no entry.')
  const atStart = new Set([script.entryPoint])
  // A set is read on while it grows.
  for (const file of atStart)
    for (const { path, kind } of inputs[file]?.imports ?? []) if (kind !== 'dynamic-import') atStart.add(path)
  let [all, evaluated] = [0, 0]
  for (const [file, { bytesInOutput }] of Object.entries(script.inputs)) {
    all += bytesInOutput
    if (atStart.has(file)) evaluated += bytesInOutput
  }
  return all === 0 ? 1 : evaluated / all
}

export function bundleResult({ startGzipBytes, uploadGzipBytes }: BundleSizes): {
  problems: readonly string[]
  note: string
} {
  const start = `${inKib(startGzipBytes)} of ${inKib(startGzipBytesMax)} KiB gzip at the start`
  const upload = `${inKib(uploadGzipBytes)} of ${inKib(uploadGzipBytesMax)} KiB gzip in all`
  const problems = [
    ...(startGzipBytes > startGzipBytesMax ? [`The Worker evaluates too much: ${start}`] : []),
    ...(uploadGzipBytes > uploadGzipBytesMax ? [`The Worker is too large: ${upload}`] : []),
  ]
  return { problems, note: `${start}, ${upload}` }
}

function inKib(bytes: number): string {
  return (bytes / 1024).toFixed(1)
}
