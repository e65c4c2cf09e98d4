/** The dead-letter topic of a simulated pipeline. */
export const deadLetterTopic = 'tailrace.sim.dead-letters'
