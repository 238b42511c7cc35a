using System.Buffers;

namespace MurkyWaters.Archive;

/// <summary>The bounds of a coding program, checked before it runs: what a node will do for another at most.</summary>
public static class CodingLimits
{
    /// <summary>Bytes of a program as text or JSON. The longest that the codes make, decoding from 16 pieces, has 5 KiB.</summary>
    public const int ProgramBytesMax = 64 * 1024;

    /// <summary>Instructions of a program. Decoding from 11 pieces takes 143.</summary>
    public const int InstructionsMax = 512;

    /// <summary>Streams that a program reads and writes, queues not counted.</summary>
    public const int StreamsMax = 32;

    /// <summary>Names of buffers, and of queues.</summary>
    public const int BuffersMax = 64, QueuesMax = 16;

    /// <summary>Bytes of a buffer.</summary>
    public const int BufferBytesMax = 1024 * 1024;

    /// <summary>Bytes of all buffers that a running program holds.</summary>
    public const long MemoryBytesMax = 32L * 1024 * 1024;

    /// <summary>Bytes of each stream: those of the largest piece there could be.</summary>
    public const long LengthMax = 1L << 46;

    /// <summary>Characters of a buffer's, stream's or queue's name.</summary>
    public const int NameCharsMax = 32;

    /// <summary>Characters of a block's or a node's name.</summary>
    public const int TargetCharsMax = 128;

    /// <summary>Characters of a block's id.</summary>
    public const int BlockIdCharsMax = 64;

    /// <summary>Programs that a node runs at once, streams that wait to be drawn, and bytes that all of them may hold.</summary>
    public const int RunningMax = 64, WaitingMax = 64, RunningBytesMax = 128 * 1024 * 1024;

    /// <summary>Bytes of a stream that wait between its writer and its reader.</summary>
    public const int PipeBytesMax = 256 * 1024;

    private static readonly SearchValues<char> NameChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    private static readonly SearchValues<char> BlockIdChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-");

    private static readonly SearchValues<char> TargetChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    /// <summary>Whether it can be a name: small letters, digits and underscores, a letter first.</summary>
    public static bool IsName(ReadOnlySpan<char> name) => name.Length is > 0 and <= NameCharsMax
        && char.IsAsciiLetterLower(name[0]) && !name.ContainsAnyExcept(NameChars);

    /// <summary>Whether it can be a block's id: small letters, digits, hyphens and underscores, a letter or a digit first.</summary>
    public static bool IsBlockId(ReadOnlySpan<char> id) => id.Length is > 0 and <= BlockIdCharsMax
        && char.IsAsciiLetterOrDigit(id[0]) && !id.ContainsAnyExcept(BlockIdChars);

    /// <summary>Whether it can name a block or a node: letters, digits, hyphens, underscores and dots, no dot first. Whatever it is
    /// looked up in, it is no path and leads nowhere else.</summary>
    public static bool IsTarget(ReadOnlySpan<char> target) => target.Length is > 0 and <= TargetCharsMax
        && target[0] != '.' && !target.ContainsAnyExcept(TargetChars);
}
