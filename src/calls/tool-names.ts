// Tools under names that every upstream takes: a namespace becomes a part of the name, a freeform tool a function of one
// text. What the model calls is turned back into what the client offered.

import type { AnswerEvent } from './answer-events.ts'
import type { Tool } from './neutral-call.ts'

type ClientTool = Exclude<Tool, { kind: 'hosted' }>

/** The one parameter of a freeform tool that goes upstream as a function. */
export const freeformParameter = 'input'

export function flatToolName({ name, namespace }: { name: string; namespace?: string }): string {
  return namespace === undefined ? name : `${namespace}__${name}`
}

/** Turns calls of flat names back. One per answer; undefined where no tool of the call needs it. */
export function toolNamesOf(tools: readonly Tool[]): ToolNames | undefined {
  const changed = tools.filter((tool): tool is ClientTool => tool.kind !== 'hosted' && isChanged(tool))
  return changed.length === 0 ? undefined : new ToolNames(changed)
}

function isChanged(tool: ClientTool): boolean {
  return tool.kind === 'freeform' || tool.namespace !== undefined
}

export class ToolNames {
  readonly #tools: ReadonlyMap<string, ClientTool>
  /** The JSON input of freeform calls, which can be read only when it is whole. */
  readonly #inputs = new Map<number, string>()

  constructor(tools: readonly ClientTool[]) {
    this.#tools = new Map(tools.map((tool) => [flatToolName(tool), tool]))
  }

  restore(event: AnswerEvent): readonly AnswerEvent[] {
    if (event.kind === 'block_start') return [this.#started(event)]
    if (!('index' in event)) return [event]
    const input = this.#inputs.get(event.index)
    if (input === undefined) return [event]
    if (event.kind === 'delta') {
      this.#inputs.set(event.index, input + event.text)
      return []
    }
    if (event.kind !== 'block_end') return [event]
    this.#inputs.delete(event.index)
    const text = freeformText(input)
    return text === '' ? [event] : [{ kind: 'delta', index: event.index, text }, event]
  }

  #started(event: Extract<AnswerEvent, { kind: 'block_start' }>): AnswerEvent {
    const { block } = event
    const tool = block.kind === 'tool_call' ? this.#tools.get(block.name) : undefined
    if (block.kind !== 'tool_call' || tool === undefined) return event
    const isFreeform = tool.kind === 'freeform'
    if (isFreeform && !block.isFreeform) this.#inputs.set(event.index, '')
    const named = tool.namespace === undefined ? {} : { namespace: tool.namespace }
    return { ...event, block: { ...block, name: tool.name, ...named, isFreeform } }
  }
}

/** A model that wrote no JSON wrote the text itself. */
function freeformText(input: string): string {
  try {
    const parsed: unknown = JSON.parse(input)
    if (typeof parsed !== 'object' || parsed === null) return input
    const text: unknown = Object.entries(parsed).find(([name]) => name === freeformParameter)?.[1]
    return typeof text === 'string' ? text : input
  } catch {
    // Not a swallowed fault: "not JSON" is the answer.
    return input
  }
}
