/** The bytes are not a ClientHello that the guard accepts. The message continues "The tunnel was refused: ". */
export class HelloFault extends Error {}
