// The parameters of a command as its help describes them: `--help` prints it, a mistake is one sentence and the help.

import { parseArgs, type ParseArgsConfig } from 'node:util'

type Parsed<Config extends ParseArgsConfig> = ReturnType<typeof parseArgs<Config>>

/** Ends the process with 1 where a parameter is not understood. */
export function readCommandLine<Config extends ParseArgsConfig>(
  help: string,
  config: Config,
): Parsed<Config> {
  try {
    return parseArgs(config)
  } catch (error) {
    const isMistake =
      error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!isMistake) throw error
    // Node's first sentence names the parameter; what follows is advice for programmers.
    console.error(`✗ ${error.message.split('. ')[0]}.\n\n${help}`)
    process.exit(1)
  }
}

/** A whole number from 1; undefined for anything else. */
export function readCount(text: string): number | undefined {
  const count = Number(text)
  return Number.isSafeInteger(count) && count > 0 ? count : undefined
}
