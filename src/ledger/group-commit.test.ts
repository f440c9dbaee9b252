// The group commit: what is written together, what is answered when, and what survives a throw.

import { expect, test } from 'vitest'

import { minuteMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { ask } from './book.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import type { Draft } from './draft.ts'
import { admitOf, dollar, grantOf } from './example-commands.ts'
import { GroupCommit, commandsPerCommitMax } from './group-commit.ts'
import type { Changes } from './rows.ts'

const failed = { ok: false, code: 'internal' } as const

/** A commit over rows in memory whose disk the test holds back and breaks. */
class Disk {
  readonly account = Simulator.opened(0)
  readonly writes: Changes[] = []
  /** Throws for changes that it dislikes. */
  dislikes: (changes: Changes) => boolean = () => false
  isReadable = true
  reloads = 0
  readonly logged: string[] = []
  #durable: { resolve: () => void; reject: (cause: Error) => void } | undefined

  readonly commit = new GroupCommit(this.account.live, {
    context: () => this.account.context(),
    write: (changes) => {
      if (this.dislikes(changes)) throw new Error('the disk is broken')
      this.account.store.write(changes)
      this.writes.push(changes)
    },
    durable: () => new Promise((resolve, reject) => (this.#durable = { resolve, reject })),
    reload: () => {
      this.reloads += 1
      if (!this.isReadable) throw new Error('the disk cannot be read')
      return this.account.fromRows()
    },
    commandsPerCommit: commandsPerCommitMax,
    log: {
      info: () => undefined,
      error: (event, fields) => this.logged.push(`${event} ${JSON.stringify(fields)}`),
    },
  })

  pay(amount: number) {
    return this.ask((draft) => credit(draft, grantOf(amount)))
  }

  ask<Answer>(decideIt: (draft: Draft) => Answer) {
    return this.commit.run<Answer | typeof failed>((desk) => ask(desk, failed, decideIt), failed)
  }

  async flush(): Promise<void> {
    this.#durable?.resolve()
    await settled()
  }

  async break(): Promise<void> {
    this.#durable?.reject(new Error('the disk is gone'))
    await settled()
  }
}

/** Lets everything run that waits for nothing outside. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

function isAnswered(promise: Promise<unknown>): () => boolean {
  let is = false
  void promise.finally(() => (is = true))
  return () => is
}

const isAbout = (amount: number) => (changes: Changes) =>
  changes.entries.some(({ amountNanoUsd }) => amountNanoUsd === amount)

test('what arrives while a commit is under way is written together and answered together', async () => {
  const disk = new Disk()
  const first = disk.pay(1)
  const others = [disk.pay(2), disk.pay(3), disk.pay(4)]
  expect(disk.writes).toHaveLength(1)
  await disk.flush()
  expect(await first).toMatchObject({ ok: true })
  expect(disk.writes.map(({ entries }) => entries.length)).toEqual([1, 3])
  await disk.flush()
  expect(await Promise.all(others)).toMatchObject([{ ok: true }, { ok: true }, { ok: true }])
})

test('nothing is answered before it is durable', async () => {
  const disk = new Disk()
  const hasAnswer = isAnswered(disk.pay(1))
  await settled()
  expect(hasAnswer()).toBe(false)
  await disk.flush()
  expect(hasAnswer()).toBe(true)
})

test('what writes nothing waits for no disk', async () => {
  const disk = new Disk()
  expect(await disk.commit.run(() => 'read', 'failed')).toBe('read')
})

// Cases: billing-bugs 32
test('a command that throws fails alone: the others of its group are written once', async () => {
  const disk = new Disk()
  const first = disk.pay(1)
  disk.dislikes = isAbout(3)
  const others = [disk.pay(2), disk.pay(3), disk.pay(4)]
  await disk.flush()
  await first
  await disk.flush()
  expect(await Promise.all(others)).toMatchObject([{ ok: true }, failed, { ok: true }])
  expect(disk.commit.state?.postedNanoUsd).toBe(7)
  const findings = disk.account.store.entries.filter(({ kind }) => kind === 'finding')
  expect(findings.map(({ detail }) => detail)).toMatchObject([{ what: 'command_failed' }])
  expect(disk.logged).toEqual(['commit_failed {"commands":3}', 'command_failed {}'])
})

test('after a throw memory says what the rows say', async () => {
  const disk = new Disk()
  disk.dislikes = isAbout(1)
  const answer = disk.pay(1)
  await disk.flush()
  expect(await answer).toEqual(failed)
  expect(disk.reloads).toBe(1)
  expect(disk.commit.state?.postedNanoUsd).toBe(0)
  disk.dislikes = () => false
  const again = disk.pay(1)
  await disk.flush()
  expect(await again).toMatchObject({ ok: true, isRepeat: false, balanceNanoUsd: 1 })
})

test('a decision that throws in the middle leaves nothing of itself', async () => {
  const disk = new Disk()
  const answer = disk.commit.run((desk) => {
    if (desk.draft !== null) credit(desk.draft, grantOf(dollar))
    throw new Error('a bug')
  }, failed)
  await disk.flush()
  expect(await answer).toEqual(failed)
  expect(disk.commit.state?.postedNanoUsd).toBe(0)
})

test('a disk that loses a commit fails its commands and the next ones go on from the rows', async () => {
  const disk = new Disk()
  const lost = disk.pay(1)
  await disk.break()
  expect(await lost).toEqual(failed)
  const next = disk.pay(2)
  await disk.flush()
  expect(await next).toMatchObject({ ok: true })
  expect(disk.reloads).toBe(1)
  expect(disk.logged).toEqual(['not_durable {}'])
})

test('a thousand commands are written in commits of bounded size', async () => {
  const disk = new Disk()
  const all = Array.from({ length: 1_001 }, (_, n) => disk.pay(n + 1))
  for (let n = 0; n < 4; n += 1) await disk.flush()
  await Promise.all(all)
  expect(disk.writes.map(({ entries }) => entries.length)).toEqual([1, 500, 500])
  expect(disk.commit.state?.postedNanoUsd).toBe(nanoUsd((1_001 * 1_002) / 2))
})

test('an object whose rows cannot be read answers that it failed, and goes on when the disk is back', async () => {
  const disk = new Disk()
  disk.isReadable = false
  disk.dislikes = () => true
  expect(await disk.pay(1)).toEqual(failed)
  disk.dislikes = () => false
  const logged = disk.logged.length
  expect(await disk.pay(2)).toEqual(failed)
  // Nothing is decided on what memory believed.
  expect(disk.writes).toEqual([])
  expect(disk.logged.slice(logged).map((line) => line.split(' ')[0])).toEqual([
    'reload_failed',
    'commit_failed',
    'chores_failed',
    'reload_failed',
    'command_failed',
    'reload_failed',
    'finding_failed',
  ])
  disk.isReadable = true
  const again = disk.pay(3)
  await disk.flush()
  expect(await again).toMatchObject({ ok: true })
})

test('an expiry that cannot be written holds up no other command of its account', async () => {
  const disk = new Disk()
  const { account } = disk
  const [poisonous, sound] = [account.newCall(), account.newCall()]
  const opened = [disk.pay(10 * dollar), disk.ask((draft) => admit(draft, admitOf(poisonous)))]
  opened.push(disk.ask((draft) => admit(draft, admitOf(sound))))
  for (let n = 0; n < 2; n += 1) await disk.flush()
  expect(await Promise.all(opened)).toMatchObject([{ ok: true }, { ok: true }, { ok: true }])

  account.nowMs += 5 * minuteMs
  const isPoisonous = (changes: Changes) => changes.holds.some(({ row }) => row.callId === poisonous)
  disk.dislikes = isPoisonous
  const paid = [disk.pay(1), disk.pay(2)]
  for (let n = 0; n < 2; n += 1) await disk.flush()

  expect(await Promise.all(paid)).toMatchObject([{ ok: true }, { ok: true }])
  expect([...(disk.commit.state?.holds.keys() ?? [])]).toEqual([poisonous])
  const findings = account.store.entries.filter(({ kind }) => kind === 'finding')
  expect(findings.map(({ detail }) => detail)).toMatchObject([
    { what: 'chore_put_off', chore: `hold:${poisonous}`, message: 'the disk is broken' },
  ])
  expect(disk.logged).toContain(`chore_put_off {"chore":"hold:${poisonous}"}`)
  // Nothing is tried again with every command, and what is put off is done when its time has come.
  const writes = disk.writes.length
  const third = disk.pay(3)
  for (let n = 0; n < 2; n += 1) await disk.flush()
  await third
  expect(disk.writes.length).toBe(writes + 1)
  disk.dislikes = () => false
  account.nowMs += minuteMs
  const fourth = disk.pay(4)
  for (let n = 0; n < 2; n += 1) await disk.flush()
  await fourth
  expect(disk.commit.state?.holds.size).toBe(0)
  expect(disk.commit.state?.postedNanoUsd).toBe(10 * dollar + 10)
})

const isFinding = ({ entries }: Changes) => entries.some(({ kind }) => kind === 'finding')
const findingsOf = ({ account }: Disk) => account.store.entries.filter(({ kind }) => kind === 'finding')
const throws = () => {
  throw new Error('a bug')
}

test('where one of a group fails and not even that can be noted, the others still wait for the disk', async () => {
  const disk = new Disk()
  const first = disk.pay(1)
  disk.dislikes = (changes) => isAbout(3)(changes) || isFinding(changes)
  const [bad, good] = [disk.pay(3), disk.pay(2)]
  const hasAnswer = isAnswered(good)
  await disk.flush()
  await first
  expect(hasAnswer()).toBe(false)
  await disk.flush()
  expect(await Promise.all([bad, good])).toMatchObject([failed, { ok: true }])
  expect(disk.logged.at(-1)).toBe('finding_failed {}')
})

/** An account with holds that are due to expire. */
async function withDueHolds(count: number) {
  const disk = new Disk()
  const calls = Array.from({ length: count }, () => disk.account.newCall())
  const opened = [
    disk.pay(10 * dollar),
    ...calls.map((call) => disk.ask((draft) => admit(draft, admitOf(call)))),
  ]
  for (let n = 0; n < 2; n += 1) await disk.flush()
  await Promise.all(opened)
  disk.account.nowMs += 5 * minuteMs
  return { disk, calls }
}

test('an expiry that was written beside a command that failed is durable before anybody is answered', async () => {
  const { disk } = await withDueHolds(1)
  disk.dislikes = isFinding
  const answer = disk.commit.run(throws, failed)
  const hasAnswer = isAnswered(answer)
  await settled()
  expect([disk.commit.state?.holds.size, hasAnswer()]).toEqual([0, false])
  await disk.flush()
  expect(await answer).toEqual(failed)
})

test('each expiry that cannot be written is told once, and who only reads waits for that', async () => {
  const { disk, calls } = await withDueHolds(2)
  disk.dislikes = (changes) => changes.holds.some(({ row }) => calls.some((call) => call === row.callId))
  const answer = disk.commit.run(() => 'read', 'failed')
  const hasAnswer = isAnswered(answer)
  await settled()
  expect(hasAnswer()).toBe(false)
  await disk.flush()
  expect(await answer).toBe('read')
  expect(findingsOf(disk).map(({ detail }) => detail)).toMatchObject(
    calls.map((call) => ({ what: 'chore_put_off', chore: `hold:${call}` })),
  )
})

test('failures are noted once a minute, by what was thrown', async () => {
  const disk = new Disk()
  const fail = async (thrower: () => never) => {
    const answer = disk.commit.run(thrower, failed)
    await disk.flush()
    await disk.flush()
    expect(await answer).toEqual(failed)
  }
  disk.account.nowMs = Math.ceil(disk.account.nowMs / minuteMs) * minuteMs
  await fail(throws)
  disk.account.nowMs += 1
  await fail(throws)
  disk.account.nowMs += minuteMs
  await fail(() => {
    // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- What is thrown need not be an error.
    throw 'text'
  })
  expect(findingsOf(disk).map(({ detail }) => detail)).toMatchObject([
    { message: 'a bug' },
    { message: 'unknown' },
  ])
})
