using CsCheck;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>What is done with a store.</summary>
internal enum MoveKind
{
    Put,
    Describe,
    Delete,
    Append,
    Commit,
    Cancel,
    Fetch,
    Seal,
    Leave,
    Hold,
    Release,
    Evict,
    Keep,
    Mend,
    Tick,
    Restart,
    Read,
}

/// <summary>One of them.</summary>
/// <param name="Kind">What.</param>
/// <param name="Id">Of which resource, from 1.</param>
/// <param name="Content">Which bytes, or how many of them, or which way of several.</param>
/// <param name="Slot">Which upload, fetch or lease of those under way.</param>
/// <param name="IsWithNext">Whether the next one is begun at the same time.</param>
internal readonly record struct Move(MoveKind Kind, int Id, int Content, int Slot, bool IsWithNext)
{
    public override string ToString() => $"{Kind}({Id}, {Content}, {Slot}{(IsWithNext ? ", with next" : "")})";
}

/// <summary>Moves, and the seed of what is drawn beside them: what a machine that stops leaves, and how steps fail.</summary>
internal sealed record Schedule(int Seed, Move[] Moves)
{
    public const int IdCount = 3, SlotCount = 2;

    private static readonly Gen<MoveKind> Kinds = Gen.Frequency(
        (6, MoveKind.Put), (1, MoveKind.Describe), (2, MoveKind.Delete), (4, MoveKind.Append), (2, MoveKind.Commit), (1, MoveKind.Cancel),
        (3, MoveKind.Fetch), (3, MoveKind.Seal), (1, MoveKind.Leave), (4, MoveKind.Hold), (1, MoveKind.Release), (2, MoveKind.Evict),
        (1, MoveKind.Keep), (1, MoveKind.Mend), (2, MoveKind.Tick), (1, MoveKind.Restart), (2, MoveKind.Read));

    /// <summary>Any.</summary>
    public static Gen<Schedule> Any { get; } = Gen.Select(
        Gen.Int,
        Gen.Select(Kinds, Gen.Int[1, IdCount], Gen.Int[0, Contents.Count - 1], Gen.Int[0, SlotCount - 1], Gen.Int[0, 3])
            .Select(drawn => new Move(drawn.Item1, drawn.Item2, drawn.Item3, drawn.Item4, drawn.Item5 == 0)).Array[6, 18],
        static (seed, moves) => new Schedule(seed, moves));

    /// <summary>One of those that are the same each time.</summary>
    public static Schedule Numbered(uint number) => Any.Generate(new PCG(number, 1), null, out _);

    public override string ToString() => $"seed {Seed}: {string.Join("; ", Moves)}";
}

/// <summary>The few bodies that are stored: none, some in the row, some in files, and two of one length.</summary>
internal static class Contents
{
    /// <summary>Bytes of up to so many are in the row.</summary>
    public const int InlineBytes = 1000;

    /// <summary>The first that is not.</summary>
    public const int FirstInFile = 3;

    private static readonly byte[][] All =
        [.. new[] { 0, 300, 900, 1001, 2500, 2500, 3500, 5200 }.Select((length, i) => Bytes.Random(length, i))];

    public static int Count => All.Length;

    public static byte[] Of(int content) => All[content];

    /// <summary>Which one it is; -1 for none of them.</summary>
    public static int Find(byte[] bytes) => Array.FindIndex(All, one => one.AsSpan().SequenceEqual(bytes));
}
