namespace MurkyWaters;

/// <summary>A run of a resource's bytes as they stand in a file, at the same offset.</summary>
/// <param name="File">The file, opened for asynchronous reading; the reader that it comes from closes it. Null for bytes that are in memory
/// alone.</param>
/// <param name="Count">Bytes of the run.</param>
public readonly record struct FileRun(FileStream? File, int Count);
