// What a meter says of one frame: its bytes pass, are left out or give way to others, and what the frame was.

import type { Frame } from '#sse/frames.ts'
import type { Seen } from './answer-meter.ts'

export type FrameFacts = Partial<Omit<Seen, 'action' | 'bytes'>>

const encoder = new TextEncoder()
const noBytes = new Uint8Array(0)
const noFacts = { isDone: false, isError: false, isUsage: false, hasContent: false, isFinished: false }

export function passed(frame: Frame, facts: FrameFacts): Seen {
  return { action: 'pass', bytes: frame.bytes, ...noFacts, ...facts }
}

export function dropped(facts: FrameFacts): Seen {
  return { action: 'drop', bytes: noBytes, ...noFacts, ...facts }
}

export function replaced(text: string, facts: FrameFacts): Seen {
  return { action: 'replace', bytes: encoder.encode(text), ...noFacts, ...facts }
}
