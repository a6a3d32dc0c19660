import { SaxesParser } from 'saxes';

export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

/** A small document of an S3 store; null where it is none, as from a proxy in between. */
export function parseXml(text: string): XmlElement | null {
  const parser = new SaxesParser();
  const root: XmlElement = { name: '', text: '', children: [] };
  const path = [root];
  const failure = { seen: false };
  parser.on('error', () => {
    failure.seen = true;
  });
  parser.on('opentag', ({ name }) => {
    const element = { name, text: '', children: [] };
    path.at(-1)?.children.push(element);
    path.push(element);
  });
  parser.on('text', (piece) => {
    const element = path.at(-1);
    if (element !== undefined) element.text += piece;
  });
  parser.on('closetag', () => {
    path.pop();
  });
  parser.write(text).close();
  return failure.seen ? null : (root.children[0] ?? null);
}

export function childText(element: XmlElement | null, name: string): string | null {
  return element?.children.find((child) => child.name === name)?.text ?? null;
}

export function childrenNamed(element: XmlElement | null, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}
