// What operators are told to do can be done: the events that Stripe has to deliver are all listed, and every route that a text names is
// there.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { operatorRouteTable } from '#ops/operator.ts'
import { eventTable } from '#payments/event-table.ts'
import { cloneDir } from '../../dev/clone.ts'

const read = (file: string) => readFileSync(join(cloneDir, file), 'utf8')

test('docs/payments.md lists the events that the product looks after, each once', () => {
  const block = /```\n([\s\S]*?)```/.exec(read('docs/payments.md'))?.[1] ?? ''
  const listed = block.split(/\s+/).filter((word) => word !== '')
  expect(listed.toSorted()).toEqual(Object.keys(eventTable).toSorted())
})

/** `POST …/invoices/pay`, and in the document without the three dots. */
function routesNamedIn(text: string): readonly { method: string; path: string }[] {
  const named = text.matchAll(/\b(GET|POST|PUT|PATCH) (?:…|(?=\/))(\/[\w/{}-]+)/g)
  return [...named].map(([, method = '', path = '']) => ({ method: method.toLowerCase(), path }))
}

const isThere = ({ method, path }: { method: string; path: string }) =>
  operatorRouteTable.some((route) => route.method === method && route.path.endsWith(path))

test.each(['docs/payments.md', 'src/settlement/finding-texts.ts'])(
  'every route that %s names is there',
  (file) => {
    const named = routesNamedIn(read(file))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((route) => !isThere(route))).toEqual([])
  },
)
