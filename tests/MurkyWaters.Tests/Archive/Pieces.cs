using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Archive;

/// <summary>All pieces of some bytes, in memory.</summary>
internal sealed class Pieces
{
    public Pieces(int length, int blockBytes, ErasureCode? code = null, int symbolSize = 100, bool isGrowing = false)
    {
        Whole = Bytes.Random(length, length);
        Assert.True(ResourceLayout.TryCreate(length, blockBytes, symbolSize, isGrowing, out var layout));
        using var digester = new BlockDigester(blockBytes, isGrowing);
        digester.Append(Whole);
        var parent = Manifest.Create(layout, "raptorq", 1000, Sha256Digest.Of(Whole), "text/plain", "a.txt", digester.Finish());
        Assert.True(PieceShape.TryCreate(new ResourceId(7), parent, code ?? ErasureCodes.RapidRaid, out var shape));
        Shape = shape;
        var maker = new PieceMaker(shape, (offset, bytes) => Whole.AsMemory((int)offset, bytes.Length).CopyTo(bytes));
        Manifests = maker.Describe(_ => { }, TestContext.Current.CancellationToken);
        Bodies = [.. Manifests.Select((_, i) =>
        {
            var body = new byte[shape.Layout.Length];
            maker.Read(i, 0, body);
            return body;
        })];
    }

    public byte[] Whole { get; }

    public PieceShape Shape { get; }

    public Manifest[] Manifests { get; }

    public byte[][] Bodies { get; }

    /// <summary>Opens those that are not missing.</summary>
    public OpenPiece Open(Func<int, bool> isMissing, Action<int>? onRead = null) => (index, _, _, _) =>
        Task.FromResult<ResourceReader?>(
            isMissing(index) ? null : new Reader(Manifests[index], Bodies[index], () => onRead?.Invoke(index)));

    private sealed class Reader(Manifest manifest, byte[] body, Action onRead) : ResourceReader
    {
        public override Manifest Manifest => manifest;

        public override bool IsHit => true;

        public override string? FilePath => null;

        public override TransferSnapshot? Transfer => null;

        public override ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            onRead();
            var count = (int)Math.Min(destination.Length, body.Length - offset);
            body.AsMemory((int)offset, count).CopyTo(destination);
            return ValueTask.FromResult(count);
        }

        public override ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken) =>
            ValueTask.FromResult(new FileRun(null, count));

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
