// The order of a stream of chat completions, from OpenAI's own description of its chunks.

import { objectOf } from '#core/readers.ts'
import { shown } from './schema-check.ts'
import { isErrorEvent, type RuleOptions, terminator, type WireEvent } from './wire-event.ts'

type Choice = { hasRole: boolean; isFinished: boolean; calls: { id: unknown; name: unknown }[] }

export function chatFaults(events: readonly WireEvent[], { isWhole }: RuleOptions): readonly string[] {
  const faults: string[] = []
  const choices = new Map<unknown, Choice>()
  const first = objectOf(events[0]?.data)
  let isOver = false
  let hasUsage = false
  let hasFailed = false
  for (const [at, { name, data }] of events.entries()) {
    const say = (fault: string) => faults.push(`event ${at}: ${fault}`)
    if (name !== undefined) say(`is named ${name}, and chat completions know no names`)
    if (isOver) say('comes after the terminator')
    isOver ||= data === terminator
    hasFailed ||= isErrorEvent(data)
    if (data === terminator || isErrorEvent(data)) continue
    const chunk = objectOf(data)
    for (const same of ['id', 'model', 'created'])
      if (chunk[same] !== first[same]) say(`has another ${same} than the first chunk`)
    const listed = Array.isArray(chunk['choices']) ? chunk['choices'] : []
    if (hasUsage) say('comes after the usage')
    hasUsage ||= listed.length === 0 && chunk['usage'] !== undefined && chunk['usage'] !== null
    if (listed.length === 0 && !hasUsage) say('has neither a choice nor a usage')
    for (const choice of listed) followChoice(objectOf(choice), choices, say)
  }
  if (!isWhole || hasFailed) return faults
  if (!isOver) faults.push('the stream has no terminator')
  for (const [index, choice] of choices) {
    if (!choice.isFinished) faults.push(`choice ${shown(index)} has no reason for its end`)
    if (new Set(choice.calls.map(({ id }) => id)).size < choice.calls.length)
      faults.push(`choice ${shown(index)} has two tool calls of one id`)
  }
  return faults
}

function followChoice(
  { index, delta, finish_reason: reason }: { [name: string]: unknown },
  choices: Map<unknown, Choice>,
  say: (fault: string) => void,
): void {
  const choice = choices.get(index) ?? { hasRole: false, isFinished: false, calls: [] }
  choices.set(index, choice)
  const { role, tool_calls: calls } = objectOf(delta)
  if (choice.isFinished) say(`choice ${shown(index)} goes on after its end`)
  if (!choice.hasRole && role !== 'assistant') say(`choice ${shown(index)} begins without a role`)
  choice.hasRole = true
  choice.isFinished ||= reason !== null && reason !== undefined
  for (const call of Array.isArray(calls) ? calls : []) followCall(objectOf(call), choice, say)
}

function followCall(
  call: { [name: string]: unknown },
  { calls }: Choice,
  say: (fault: string) => void,
): void {
  const index = Number(call['index'])
  // Of a custom tool's call the name stands in `custom`.
  const { name } = objectOf(call['function'] ?? call['custom'])
  const begun = calls[index]
  if (begun === undefined) {
    if (index !== calls.length) say(`tool call ${index} begins after ${calls.length} others`)
    if (typeof call['id'] !== 'string' || call['id'] === '') say(`tool call ${index} begins without an id`)
    if (typeof name !== 'string' || name === '') say(`tool call ${index} begins without a name`)
    calls[index] = { id: call['id'], name }
  } else if (call['id'] !== undefined && call['id'] !== begun.id) say(`tool call ${index} changes its id`)
}
