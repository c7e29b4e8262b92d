/** Why something is no ClientHello that can be judged. The message goes on after "The tunnel was refused: ". */
export class HelloFault extends Error {}
