using Microsoft.Win32.SafeHandles;
using MurkyWaters.Archive;
using MurkyWaters.Store;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>Makes a resource of files that are bodies of its pieces, wherever those come from, and of nothing else.</summary>
public sealed class PieceRebuild : IDisposable
{
    private readonly Dictionary<int, SafeFileHandle> _files;
    private readonly PieceShape _shape;

    private PieceRebuild(PieceShape shape, Dictionary<int, SafeFileHandle> files) => (_shape, _files) = (shape, files);

    /// <summary>What it is that is made.</summary>
    public Manifest Manifest => _shape.Parent;

    /// <summary>The resource's id.</summary>
    public ResourceId Id => _shape.Id;

    /// <summary>The pieces that there are, by their indices.</summary>
    public IEnumerable<int> Pieces => _files.Keys.Order();

    /// <summary>Looks at files.</summary>
    /// <param name="paths">The files; those that are no pieces are told of and passed over.</param>
    /// <param name="tell">Told, a line each, what is found.</param>
    /// <returns>What can be made of them: of several versions the newest that can; null when nothing can.</returns>
    public static PieceRebuild? TryOpen(IEnumerable<string> paths, Action<string> tell)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(tell);
        var found = new Dictionary<(ResourceId, Sha256Digest, string), (PieceShape Shape, Dictionary<int, SafeFileHandle> Files)>();
        foreach (var path in paths)
        {
            SafeFileHandle? file = null;
            try
            {
                file = StoreFiles.OpenToRead(path);
                var opened = file;
                if (!PieceShape.TryRead(
                    RandomAccess.GetLength(file), (offset, bytes) => ReadExactly(opened, offset, bytes), out var index, out var shape))
                {
                    tell($"{path}: it is no piece, or its end is damaged.");
                    continue;
                }

                var key = (shape.Id, shape.Parent.Version, shape.Code.Name);
                if (!found.TryGetValue(key, out var group))
                {
                    found[key] = group = (shape, []);
                }

                tell($"{path}: piece {index} of {shape.Id}, version {shape.Parent.Version}, {shape.Code.Name}.");
                if (group.Files.TryAdd(index, file))
                {
                    file = null;
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                tell($"{path}: {error.Message}");
            }
            finally
            {
                file?.Dispose();
            }
        }

        var best = found.Values.Where(group => group.Shape.Code.IsSufficient(PieceSet.Of([.. group.Files.Keys])))
            .OrderByDescending(group => group.Shape.Parent.Stamp).FirstOrDefault();
        foreach (var (shape, files) in found.Values.Where(group => group.Shape != best.Shape))
        {
            tell($"Of {shape.Id}, version {shape.Parent.Version}, there are {files.Count} pieces: "
                + (shape.Code.IsSufficient(PieceSet.Of([.. files.Keys]))
                    ? "another version is newer." : $"{shape.Code.PartCount} are wanted."));
            foreach (var file in files.Values)
            {
                file.Dispose();
            }
        }

        return best.Shape is null ? null : new PieceRebuild(best.Shape, best.Files);
    }

    /// <summary>Makes it. Every block is compared with its digest before it is written; a piece that is damaged gives way to another one,
    /// and is told of.</summary>
    /// <param name="target">Takes the bytes, in their order.</param>
    /// <param name="tell">Told of pieces that are damaged.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">They cannot be made right, or not be read or written.</exception>
    public async Task WriteAsync(Stream target, Action<string> tell, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        var (reader, _) = await ArchivedReader.OpenAsync(
            _shape, (index, _, _, _) => Task.FromResult<ResourceReader?>(_files.TryGetValue(index, out var file)
                ? new PieceBody(_shape, index, file) : null),
            0, long.MaxValue, index => tell($"Piece {index} is damaged; others are taken."), TimeProvider.System, cancellationToken);
        await using (reader)
        {
            if (await reader!.ReadAllAsync(bytes => target.WriteAsync(bytes, cancellationToken), cancellationToken) != Manifest.Sha256)
            {
                throw new IOException("What was made has another SHA-256 than the manifest says.");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }
    }

    private static void ReadExactly(SafeFileHandle file, long offset, byte[] bytes)
    {
        if (FileReads.Fill(file, offset, bytes) < bytes.Length)
        {
            throw new EndOfStreamException("It ends too early.");
        }
    }

    /// <summary>A file as the body of a piece: what its own manifest says of it is not known, and not needed.</summary>
    private sealed class PieceBody(PieceShape shape, int index, SafeFileHandle file) : ResourceReader
    {
        public override Manifest Manifest { get; } = Manifest.Create(
            shape.Layout, shape.Parent.Code, shape.Parent.Stamp, default, PieceShape.ContentType, null,
            new BlockDigest[shape.Layout.BlockCount], piece: shape.RoleOf(index));

        public override bool IsHit => true;

        public override string? FilePath => null;

        public override TransferSnapshot? Transfer => null;

        public override ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
            RandomAccess.ReadAsync(file, destination, offset, cancellationToken);

        public override ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken) =>
            ValueTask.FromResult(new FileRun(null, count));

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
