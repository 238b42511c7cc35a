using System.Security.Cryptography;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>A piece whose cells come from first to last. What is disposed before it is kept is gone.</summary>
internal sealed class PieceWriter : IAsyncDisposable
{
    private readonly ResourceStore _store;
    private readonly PieceShape _shape;
    private readonly int _index;
    private readonly BodyFile _file;
    private readonly BlockDigester _blocks;
    private readonly IncrementalHash _whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _written;

    /// <summary>Begins one.</summary>
    /// <param name="store">Where.</param>
    /// <param name="shape">Of what.</param>
    /// <param name="index">Which.</param>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public PieceWriter(ResourceStore store, PieceShape shape, int index)
    {
        (_store, _shape, _index) = (store, shape, index);
        _file = new BodyFile(store, shape.Layout.Length);
        _blocks = new BlockDigester(shape.Layout.BlockBytes);
    }

    /// <summary>Writes the next bytes of its cells.</summary>
    /// <exception cref="IOException">The disk does not take them, or there are more than the piece has.</exception>
    public void Write(ReadOnlySpan<byte> cells)
    {
        if (cells.Length > _shape.Cells.PieceLength - _written)
        {
            throw new IOException("There are more bytes than the piece has cells.");
        }

        Append(cells);
    }

    /// <summary>Ends it, keeps it and reads it back.</summary>
    /// <param name="expected">The version that it is to be; null where nobody knows it.</param>
    /// <exception cref="IOException">Cells are missing, it is another version, or the disk does not take it.</exception>
    public async Task KeepAsync(Sha256Digest? expected)
    {
        if (_written != _shape.Cells.PieceLength)
        {
            throw new IOException($"Of the piece's cells {_shape.Cells.PieceLength - _written} bytes are missing.");
        }

        var trailer = new byte[_shape.Layout.Length - _shape.Cells.PieceLength];
        _shape.CopyTrailer(_index, _shape.Cells.PieceLength, trailer);
        Append(trailer);
        var manifest = Manifest.Create(
            _shape.Layout, _shape.Parent.Code, _shape.Parent.Stamp, Sha256Digest.Read(_whole.GetHashAndReset()), PieceShape.ContentType,
            null, _blocks.Finish(), piece: _shape.RoleOf(_index));
        if (expected is { } version && manifest.Version != version)
        {
            throw new IOException($"Piece {_index} came to be another than it was.");
        }

        await _file.KeepAsync(new StoredResource(_shape.IdOf(_index), manifest, Retention.Kept), null);
    }

    public ValueTask DisposeAsync()
    {
        _blocks.Dispose();
        _whole.Dispose();
        return _file.DisposeAsync();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _blocks.Append(bytes);
        _whole.AppendData(bytes);
        _file.Write(bytes);
        _written += bytes.Length;
    }
}
