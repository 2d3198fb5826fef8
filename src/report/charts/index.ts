// The face of the charts, drawn as SVG.
export { type ClassBarSeries, classBars } from "./class-bars.js";
export { type DataPictureOptions, dataPicture, imagesOfPicture } from "./data-picture.js";
export { type DifferenceBars, differenceBars } from "./difference-bars.js";
export { type LineChart, type LineSeries, lineChart, type Point } from "./line-chart.js";
export { lossSurfaceMap } from "./loss-surface-map.js";
export { type ScatterMap, scatterMap } from "./scatter-map.js";
export { namedRanks, shareChart } from "./share-chart.js";
