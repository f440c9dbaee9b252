// What may be consumed besides a model's own prices: a closed list, each counted in its own unit. Plans include them,
// `/v1/meter` charges them.

/** The unit's name as customers read it. */
export const consumableUnits = {
  tokens: 'token',
  requests: 'request',
  api_calls: 'call',
  mcp_calls: 'call',
  emails: 'email',
  sms: 'message',
  voice_seconds: 'second',
  storage_gb_days: 'GB-day',
} as const

export type Consumable = keyof typeof consumableUnits

export function readConsumable(value: unknown): Consumable | undefined {
  return consumables.find((name) => name === value)
}

function isConsumable(name: string): name is Consumable {
  return Object.hasOwn(consumableUnits, name)
}

export const consumables: readonly Consumable[] = Object.keys(consumableUnits).filter(isConsumable)

/** Something per consumable, for those that have it. */
export type PerConsumable<Value> = { readonly [Name in Consumable]?: Value }
