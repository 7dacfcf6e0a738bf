/** A conversation has more sockets than it may: this one was open longest. Its client reads by asking from now on; coming back by
 *  a socket at once, it would push out the next, and so on for ever. */
export const REPLACED = 4_409
