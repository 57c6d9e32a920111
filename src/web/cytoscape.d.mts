// The library as the server gives it to the page.
export { default } from "cytoscape";
