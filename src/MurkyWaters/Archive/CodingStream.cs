namespace MurkyWaters.Archive;

/// <summary>What a stream of a program is.</summary>
public enum CodingStreamKind
{
    /// <summary>A block of this node, read.</summary>
    ReadBlock,

    /// <summary>The output of a program at another node, read.</summary>
    ReadNode,

    /// <summary>A block of this node, written.</summary>
    WriteBlock,

    /// <summary>A queue that another program of the same work fills.</summary>
    Pop,

    /// <summary>A queue that another program of the same work empties.</summary>
    Push,
}

/// <summary>A stream of bytes that a program reads or writes, as long as all its others.</summary>
/// <param name="Name">What the program calls it; a queue's is its own.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Target">The block's name, or the other node's; empty for a queue.</param>
/// <param name="Remote">The name of the work at the other node; empty unless <paramref name="Kind"/> is
/// <see cref="CodingStreamKind.ReadNode"/>.</param>
public sealed record CodingStream(string Name, CodingStreamKind Kind, string Target = "", string Remote = "")
{
    /// <summary>Whether the program reads it.</summary>
    public bool IsInput => Kind is CodingStreamKind.ReadBlock or CodingStreamKind.ReadNode or CodingStreamKind.Pop;
}
