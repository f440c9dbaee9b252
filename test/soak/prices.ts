// A price of the model list as a whole number of pico-dollars.

export function parsePicoUsdPerToken(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, '0'))
}
