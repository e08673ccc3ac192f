import { soundIn } from "../sound.mjs";

soundIn("light");
