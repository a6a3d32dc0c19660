/** Seals what the ledger keeps of alert channels. */
export const SEALING_SECRET = 'alert-channels';
/** Before the names of API keys that belong to one machine, and not to people. */
export const PLACE_KEY = 'place-key-';
/** How to sign in for the first time, as long as nobody has. */
export const FIRST_SIGN_IN = 'first-sign-in';
