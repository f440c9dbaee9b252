// Requests and tokens per minute: the exact admissions of the last 60 s. Immutable, so that a dropped copy undoes nothing.
// Admissions lie in small chunks: adding or correcting one copies a chunk and the list of chunks, never the whole minute.

import { minuteMs } from '#core/clock.ts'

export const rateWindowMs = minuteMs
const chunkSize = 64

type Admission = { readonly atMs: number; readonly tokens: number }

export type RateLog = {
  readonly chunks: readonly (readonly Admission[])[]
  /** The number of the first admission of the first chunk; admissions are numbered for ever, for their correction. */
  readonly firstNumber: number
  /** How many of the first chunk have left the window already. */
  readonly left: number
  readonly requests: number
  readonly tokens: number
}

export const emptyRateLog: RateLog = { chunks: [], firstNumber: 0, left: 0, requests: 0, tokens: 0 }

/** The log without what is 60 s old or older. */
export function ageRate(log: RateLog, nowMs: number): RateLog {
  let { firstNumber, left, requests, tokens } = log
  let dropped = 0
  for (const chunk of log.chunks) {
    while (left < chunk.length && isOver(chunk[left], nowMs)) {
      tokens -= chunk[left]?.tokens ?? 0
      requests -= 1
      left += 1
    }
    if (left < chunk.length || chunk.length < chunkSize) break
    dropped += 1
    firstNumber += chunk.length
    left = 0
  }
  if (requests === log.requests && dropped === 0) return log
  return { chunks: log.chunks.slice(dropped), firstNumber, left, requests, tokens }
}

/** Adds an admission (never older than the last one) and says its number. */
export function addAdmission(
  log: RateLog,
  atMs: number,
  tokens: number,
): { log: RateLog; admissionNumber: number } {
  const last = log.chunks.at(-1)
  const isFull = last === undefined || last.length === chunkSize
  const chunks = isFull
    ? [...log.chunks, [{ atMs, tokens }]]
    : [...log.chunks.slice(0, -1), [...last, { atMs, tokens }]]
  const admissionNumber = log.firstNumber + log.left + log.requests
  return {
    log: { ...log, chunks, requests: log.requests + 1, tokens: log.tokens + tokens },
    admissionNumber,
  }
}

/** Puts the tokens that were really used into the minute of the admission; nowhere where it has left the window. */
export function correctTokens(log: RateLog, admissionNumber: number, tokens: number): RateLog {
  const index = admissionNumber - log.firstNumber
  if (index < log.left) return log
  const chunkIndex = Math.floor(index / chunkSize)
  const chunk = log.chunks[chunkIndex]
  const admission = chunk?.[index % chunkSize]
  if (chunk === undefined || admission === undefined) return log
  const corrected = chunk.with(index % chunkSize, { atMs: admission.atMs, tokens })
  return {
    ...log,
    chunks: log.chunks.with(chunkIndex, corrected),
    tokens: log.tokens - admission.tokens + tokens,
  }
}

/** Until so many of the oldest have left that one more request fits under `limit`; 0 where it fits now. */
export function msUntilRequestFits(log: RateLog, limit: number, nowMs: number): number | undefined {
  if (limit < 1) return undefined
  const surplus = log.requests + 1 - limit
  return surplus <= 0 ? 0 : msUntilLeft(log, nowMs, (requests) => requests >= surplus)
}

/** The same for `tokens` more tokens; undefined where they never fit. */
export function msUntilTokensFit(
  log: RateLog,
  limit: number,
  wanted: number,
  nowMs: number,
): number | undefined {
  if (wanted > limit) return undefined
  const surplus = log.tokens + wanted - limit
  return surplus <= 0 ? 0 : msUntilLeft(log, nowMs, (_, tokens) => tokens >= surplus)
}

/** Until the window is empty again. */
export function msUntilQuiet(log: RateLog, nowMs: number): number {
  const newest = log.chunks.at(-1)?.at(-1)
  return newest === undefined || log.requests === 0 ? 0 : Math.max(0, newest.atMs + rateWindowMs - nowMs)
}

function msUntilLeft(
  log: RateLog,
  nowMs: number,
  isEnough: (requests: number, tokens: number) => boolean,
): number {
  let requests = 0
  let tokens = 0
  const live = log.chunks.flat().slice(log.left)
  for (const admission of live) {
    requests += 1
    tokens += admission.tokens
    if (isEnough(requests, tokens)) return Math.max(1, admission.atMs + rateWindowMs - nowMs)
  }
  return rateWindowMs
}

function isOver(admission: Admission | undefined, nowMs: number): boolean {
  return admission !== undefined && admission.atMs <= nowMs - rateWindowMs
}
