import { splitMarks } from '../engine/citation-marks.ts';

/** The part of a Markdown syntax tree that matters here. */
interface MarkdownNode {
  type: string;
  value?: string;
  children?: MarkdownNode[];
  data?: { hName: string; hProperties: Record<string, number>; hChildren: [] };
}

/** Turns citation marks in running text into elements of their own; code and links stay as they are. */
export function remarkCitationMarks(isSource: (number: number) => boolean) {
  return (tree: MarkdownNode) => transform(tree, isSource);
}

function transform(node: MarkdownNode, isSource: (number: number) => boolean): void {
  if (node.children === undefined || node.type === 'link' || node.type === 'linkReference') return;
  node.children = node.children.flatMap((child) => {
    if (child.type !== 'text' || child.value === undefined) {
      transform(child, isSource);
      return [child];
    }
    return splitMarks(child.value, isSource).map(
      (piece): MarkdownNode =>
        piece.kind === 'text'
          ? { type: 'text', value: piece.text }
          : {
              type: 'citationMark',
              data: { hName: 'citation-mark', hProperties: { number: piece.number }, hChildren: [] },
            },
    );
  });
}
