/** `key1:v1,v2;key2:v3` as `key1=v1|v2,key2=v3`, which `source.tables.tags` takes; undefined for anything else. */
export function tagsOfFilters(text: string): string | undefined {
  const tags = text
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => {
      // Keys and values may hold colons, but then nobody knows where the one ends.
      const [key = '', values, ...others] = one.split(':').map((part) => part.trim())
      if (key === '' || values === undefined || others.length > 0 || /[=|,]/.test(key) || values.includes('|'))
        return undefined
      return `${key}=${values
        .split(',')
        .map((value) => value.trim())
        .join('|')}`
    })
  return tags.length === 0 || tags.includes(undefined) ? undefined : tags.join(',')
}
