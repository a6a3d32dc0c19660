/** On whose behalf answers and conversations are read and written. */
export interface Caller {
  workspaceId: string;
  /** Account or API key. Conversations and answers belong to whoever asked, within the workspace. */
  ownerId: string;
}
