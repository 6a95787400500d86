/** What a mapping's expressions may name (interface.md 3). */
export const MAPPING_VARIABLES = ['payload', 'headers', 'query', 'event', 'vars', 'item', 'steps', 'constants'] as const
