// Chores that fail: found one by one, put off, tried again, and in nobody's way.

import { expect, test } from 'vitest'

import { Simulator } from './book.simulator.ts'
import { Chores } from './chores.ts'
import type { Context } from './draft.ts'

const context = Simulator.opened(0).context()

/** A group that has these to do; those that are broken throw. */
function groupOf(due: readonly string[], broken: readonly string[]) {
  const done: string[] = []
  const commit = ({ mayDo }: Context) => {
    for (const chore of due) {
      if (mayDo?.(chore) === false) continue
      if (broken.includes(chore)) throw new Error(`${chore} is broken`)
      done.push(chore)
    }
  }
  return { commit, done }
}

test('a chore that throws is put off until a silent hold would end, and all others are done', () => {
  const chores = new Chores()
  const { commit, done } = groupOf(['a', 'b', 'c'], ['b'])
  expect(chores.sift(context, commit).map(({ chore }) => chore)).toEqual(['b'])
  expect(done).toEqual(['a', 'c'])
  const untilMs = context.nowMs + context.timings.holdExpiryMs
  const isLet = (nowMs: number) => chores.context({ ...context, nowMs }).mayDo?.('b') ?? true
  expect([isLet(untilMs - 1), isLet(untilMs)]).toEqual([false, true])
})

test('what is put off is not tried again before its time', () => {
  const chores = new Chores()
  const { commit } = groupOf(['b'], ['b'])
  chores.sift(context, commit)
  expect(chores.sift(context, commit)).toEqual([])
})

test('at most a thousand are tried at once', () => {
  const due = Array.from({ length: 1_001 }, (_, n) => `chore ${n}`)
  expect(new Chores().sift(context, groupOf(due, due).commit)).toHaveLength(1_000)
})

test('while nothing is put off a group is as it would be without', () => {
  expect(new Chores().context(context)).toBe(context)
})
