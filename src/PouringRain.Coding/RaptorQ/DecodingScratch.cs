using PouringRain.Coding.Kernels;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.RaptorQ;

/// <summary>What a decoder needs only while it solves, shared by all decoders of a process.</summary>
internal sealed class DecodingScratch
{
    private uint[] _isis = [];
    private int[] _inputs = [];
    private int[] _rows = [];

    /// <summary>Workspaces for the slots of a plan.</summary>
    public AlignedBytes Slots;

    /// <summary>Bytes of small dense systems.</summary>
    public AlignedBytes Octets;

    public static ScratchPool<DecodingScratch> Pool { get; } = new(() => new DecodingScratch());

    public Elimination Elimination { get; } = new(SymbolKernels.ForPlans);

    public SymbolPlan Plan { get; } = new();

    public Span<uint> GetIsis(int length) => Get(ref _isis, length);

    public Span<int> GetInputs(int length) => Get(ref _inputs, length);

    public Span<int> GetRows(int length) => Get(ref _rows, length);

    private static Span<T> Get<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = new T[length + (length / 8)];
        }

        return array.AsSpan(0, length);
    }
}
