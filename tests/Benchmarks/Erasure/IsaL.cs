using System.Runtime.InteropServices;

namespace Benchmarks.Erasure;

/// <summary>Intel's library of storage kernels (github.com/intel/isa-l, Debian's <c>libisal2</c>), if it is installed: its
/// <c>ec_encode_data</c> for one matrix.</summary>
internal sealed class IsaL
{
    private readonly EncodeData _encode;
    private readonly byte[] _tables;
    private readonly int _rows;
    private readonly int _columns;

    private IsaL(nint library, byte[] matrix, int rows)
    {
        _rows = rows;
        _columns = matrix.Length / rows;
        _encode = Marshal.GetDelegateForFunctionPointer<EncodeData>(NativeLibrary.GetExport(library, "ec_encode_data"));
        _tables = GC.AllocateArray<byte>(32 * matrix.Length, pinned: true);
        var initialise = Marshal.GetDelegateForFunctionPointer<InitialiseTables>(NativeLibrary.GetExport(library, "ec_init_tables"));
        var pinned = GC.AllocateArray<byte>(matrix.Length, pinned: true);
        matrix.CopyTo(pinned, 0);
        initialise(_columns, _rows, Address(pinned, 0), Address(_tables, 0));
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void InitialiseTables(int columns, int rows, nint matrix, nint tables);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void EncodeData(int length, int columns, int rows, nint tables, nint sources, nint destinations);

    /// <summary>Null when the library is not there.</summary>
    public static IsaL? TryCreate(byte[] matrix, int rows) =>
        NativeLibrary.TryLoad("libisal.so.2", out var library) || NativeLibrary.TryLoad("libisal.so", out library)
            ? new IsaL(library, matrix, rows)
            : null;

    /// <summary>The product of the matrix with rows of pinned arrays, to be called as often as one likes.</summary>
    public Action Product(byte[] destination, int destinationStride, byte[] source, int sourceStride, int length)
    {
        var sources = GC.AllocateArray<nint>(_columns, pinned: true);
        var destinations = GC.AllocateArray<nint>(_rows, pinned: true);
        for (var column = 0; column < _columns; column++)
        {
            sources[column] = Address(source, column * sourceStride);
        }

        for (var row = 0; row < _rows; row++)
        {
            destinations[row] = Address(destination, row * destinationStride);
        }

        return () => _encode(
            length,
            _columns,
            _rows,
            Address(_tables, 0),
            Marshal.UnsafeAddrOfPinnedArrayElement(sources, 0),
            Marshal.UnsafeAddrOfPinnedArrayElement(destinations, 0));
    }

    private static nint Address(byte[] pinned, int offset) => Marshal.UnsafeAddrOfPinnedArrayElement(pinned, offset);
}
