/** What stands for an object of a manager: the referent where the object is, proxies elsewhere. */
export abstract class Managed {}
