// Takes everything personal out of an agent's request: where it ran, who ran it, on what machine, and when.

import { homedir, hostname, release, version } from 'node:os'

export type Place = { home: string; project: string }

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const hash = /\b[0-9a-f]{32,}\b/g
const isoDate = /\b20\d\d-[01]\d-[0-3]\d(T[\d:.]+Z?)?\b/g
const wordyDate =
  /\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d? 20\d\d\b/g
// Only where a path begins: what was replaced already stays, and so does a closing tag.
const homeFolder = /(?<![\w.<~-])\/(home|Users|root)\/[A-Za-z0-9._-]+/g
const temporary = /(?<![\w.<~-])(\/private)?\/(var\/folders\/[\w/+-]+|tmp)\/[A-Za-z0-9._-]+/g

export function scrub(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return scrubText(value, place)
  if (Array.isArray(value)) return value.map((one: unknown) => scrub(one, place))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, scrub(one, place)]))
}

export function scrubText(text: string, { home, project }: Place): string {
  const exact: readonly (readonly [string, string])[] = [
    [project, '/srv/project'],
    // As Claude Code names the folder of its notes about a project.
    [project.replaceAll(/[^A-Za-z0-9]/g, '-'), '-srv-project'],
    [home, '/srv/home'],
    [`${homedir()}/`, '/srv/home/'],
    [hostname(), 'host'],
    [version(), 'version'],
    [release(), '0.0.0'],
  ]
  // A home of `/` or a host named by one letter would be found everywhere.
  const known = exact.filter(([found]) => found.length > 3)
  return known
    .reduce((rest, [found, put]) => rest.replaceAll(found, put), text)
    .replaceAll(uuid, '00000000-0000-4000-8000-000000000000')
    .replaceAll(hash, '0'.repeat(32))
    .replaceAll(isoDate, '2026-01-01')
    .replaceAll(wordyDate, 'Thu Jan 01 2026')
    .replaceAll(temporary, '/srv/temporary')
    .replaceAll(homeFolder, '/srv/home')
}
