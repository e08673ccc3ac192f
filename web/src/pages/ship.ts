/** Pages of what is shipped, fetched together: whoever looks at a release goes to its platform next. */
export { PlatformPage, PlatformsPage } from "./platforms.tsx";
export { ReleasePage } from "./release.tsx";
export { ReleasesPage } from "./releases.tsx";
