/** What `makeHistory` puts into a table, as a user would declare it in Avro. The key's number is its text. */
export const declaredOrders = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'pk', type: 'string' },
    { name: 'sk', type: 'string' },
    optional('name', 'string'),
    optional('total', { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 10 }),
    optional('count', 'long'),
    optional('ratio', 'double'),
    optional('done', 'boolean'),
    optional('photo', 'bytes'),
    optional('tags', { type: 'array', items: 'string' }),
    optional('sizes', { type: 'array', items: 'long' }),
    optional('blobs', { type: 'array', items: 'bytes' }),
    optional('parts', { type: 'array', items: 'string' }),
    optional('address', {
      type: 'record',
      name: 'Address',
      fields: [
        { name: 'city', type: 'string' },
        { name: 'zip', type: 'string' },
        { name: 'floor', type: 'int' },
      ],
    }),
    optional('labels', { type: 'map', values: 'string' }),
    { ...optional('others', 'string'), 'tailrace.rest': true },
  ],
} as const

function optional(name: string, type: unknown) {
  return { name, type: ['null', type], default: null }
}
