// The charts of a report or a reproduction as files of their own.

/**
 * @param page HTML that `renderReport` or `renderReproduction` made
 * @returns each chart with its id and title; it carries the page's style sheet, in its light form
 */
export function standaloneCharts(page) {
  const style = /<style>([\s\S]*?)<\/style>/
    .exec(page)[1]
    .replace(/@media \(prefers-color-scheme:dark\)\{:root\{.*?\}\}/s, "");
  return [...page.matchAll(/<svg class="chart"[\s\S]*?<\/svg>/g)].map(([svg]) => {
    const title = /<text class="chart-title"[^>]*>([^<]*)</.exec(svg)[1];
    const id = /aria-labelledby="(.*?)-title/.exec(svg)[1];
    const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg);
    const opened = svg.replace(
      '<svg class="chart"',
      `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${width}" height="${height}"`,
    );
    const body = opened.replace(
      />/,
      `><style>${style}svg{font-family:system-ui,"Liberation Sans",sans-serif}</style><rect width="100%" height="100%" fill="var(--paper)"/>`,
    );
    return { id, title, svg: `${body}\n` };
  });
}
