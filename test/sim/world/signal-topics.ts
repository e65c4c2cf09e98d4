/** Topics of a simulated pipeline that is asked by signals. */
export const signalTopic = 'signals'
export const notificationTopic = 'told'

/** The key of its signals. */
export const signalKey = 'sim'
