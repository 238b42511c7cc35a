namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>"This is newest here; keep it if you are to", and what the other says to each.</summary>
/// <remarks>
/// <code>
/// asked                             answered
///      0    1  how many entries (n)      0    1  how many verdicts; of the rest of the entries nothing is said
///      1       the entries               1       the verdicts, in the entries' order
/// </code>
/// A verdict is a byte, of which the low half says it and 16 that the answerer takes itself for a holder; after "newer" there is the entry
/// of what is here.
/// </remarks>
internal static class TellMessage
{
    /// <summary>The most entries of one question.</summary>
    public const int CountMax = 33;

    private const byte MineFlag = 16;

    public static bool TryParse(ReadOnlySpan<byte> body, List<ToldEntry> entries)
    {
        entries.Clear();
        if (body.IsEmpty || body[0] is 0 or > CountMax)
        {
            return false;
        }

        var rest = body[1..];
        for (var i = 0; i < body[0]; i++)
        {
            if (!ToldEntry.TryRead(ref rest, out var entry))
            {
                return false;
            }

            entries.Add(entry);
        }

        return rest.IsEmpty;
    }

    /// <summary>Writes a verdict.</summary>
    /// <returns>Its length; 0 when there is no room.</returns>
    public static int Write(Span<byte> bytes, in ToldVerdict verdict)
    {
        var length = 1 + (verdict.Kind == TellVerdict.Newer ? verdict.Newer.SizeBytes : 0);
        if (bytes.Length < length)
        {
            return 0;
        }

        bytes[0] = (byte)((byte)verdict.Kind | (verdict.IsMine ? MineFlag : 0));
        if (verdict.Kind == TellVerdict.Newer)
        {
            verdict.Newer.Write(bytes[1..]);
        }

        return length;
    }

    public static bool TryParseAnswer(ReadOnlySpan<byte> body, List<ToldVerdict> verdicts)
    {
        verdicts.Clear();
        if (body.IsEmpty || body[0] > CountMax)
        {
            return false;
        }

        var rest = body[1..];
        for (var i = 0; i < body[0]; i++)
        {
            if (rest.IsEmpty || (rest[0] & ~MineFlag) > (byte)TellVerdict.NotReady)
            {
                return false;
            }

            var kind = (TellVerdict)(rest[0] & ~MineFlag);
            var isMine = (rest[0] & MineFlag) != 0;
            rest = rest[1..];
            var newer = default(ToldEntry);
            if (kind == TellVerdict.Newer && (!ToldEntry.TryRead(ref rest, out newer) || newer.Version.IsNone))
            {
                return false;
            }

            verdicts.Add(new ToldVerdict(kind, isMine, newer));
        }

        return rest.IsEmpty;
    }
}

/// <summary>What a node says to one entry.</summary>
internal readonly record struct ToldVerdict(TellVerdict Kind, bool IsMine, ToldEntry Newer);

/// <summary>What a node can say to an entry.</summary>
internal enum TellVerdict : byte
{
    /// <summary>The version is kept here.</summary>
    HeldKept,

    /// <summary>It is here, but not for good.</summary>
    HeldCached,

    /// <summary>There is a newer one here.</summary>
    Newer,

    /// <summary>It will be here soon.</summary>
    Accepted,

    /// <summary>It is not here, and has no place here.</summary>
    Missing,

    /// <summary>There is no room.</summary>
    Full,

    /// <summary>Its stamp is further ahead than may be.</summary>
    TooFarAhead,

    /// <summary>It cannot be said yet.</summary>
    NotReady,
}
