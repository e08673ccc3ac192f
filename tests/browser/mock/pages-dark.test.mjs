import { soundIn } from "../sound.mjs";

soundIn("dark");
