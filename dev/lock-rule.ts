// The rule that keeps `npm ci` working on every machine: a package that ships a binary per platform is usable only in a
// version whose macOS and Windows binaries the lock holds too. Text of package-lock.json in, problems out.

type LockEntry = {
  version?: string
  resolved?: string
  optionalDependencies?: { readonly [name: string]: string }
}
type Lock = { packages: { readonly [path: string]: LockEntry } }

/** One of them in a package's optional dependencies means that it has a binary per platform. */
const linux = /(?:^|[/-])linux-x?64(?:-gnu)?$/
const others = [/darwin-arm64$/, /(?:^|[/-])(?:win32|windows|win)-x?64(?:-msvc)?$/]

export function lockProblems(lockText: string): string[] {
  const lock: Lock = JSON.parse(lockText)
  return Object.entries(lock.packages).flatMap(([path, entry]) => [
    ...(entry.resolved === undefined ? [] : [`${path}: the lock names a registry host; remove "resolved"`]),
    ...missingBinaries(lock, path, entry),
  ])
}

function missingBinaries(lock: Lock, path: string, entry: LockEntry): string[] {
  const names = Object.keys(entry.optionalDependencies ?? {})
  if (!names.some((name) => linux.test(name))) return []
  return names
    .filter((name) => others.some((pattern) => pattern.test(name)))
    .filter((name) => !isLocked(lock, path, name))
    .map(
      (name) =>
        `${path === '' ? 'package.json' : path} ${entry.version ?? ''}: the lock lacks ${name}; use a version that has it`,
    )
}

/** Where npm may have put it: beside the package, inside it, or at the top. */
function isLocked(lock: Lock, path: string, name: string): boolean {
  const beside = path.slice(0, path.lastIndexOf('node_modules/'))
  return [`node_modules/${name}`, `${path}/node_modules/${name}`, `${beside}node_modules/${name}`].some(
    (place) => place in lock.packages,
  )
}
