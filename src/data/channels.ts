// How many numbers a pixel has.
/** Images are RGB. */
export const channelCount = 3;
