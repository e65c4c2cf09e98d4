/** What was asked for cannot be done, and nothing was started: exit code 2. The message is for whoever typed it. */
export class RefusedStart extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'RefusedStart'
  }
}
