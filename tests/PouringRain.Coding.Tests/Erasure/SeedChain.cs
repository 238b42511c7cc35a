namespace PouringRain.Coding.Tests.Erasure;

/// <summary>
/// The chain of ClusterDFS written down a second time, as lists of instructions that an evaluator runs a byte at a time, with its
/// own multiplication: what the table of slots in the code has to agree with. Node i loads its parts and what the node before it streamed,
/// copies that into its own stream, adds psi * part to the stream and xi * part to the copy it keeps, and writes that as the piece.
/// </summary>
internal static class SeedChain
{
    private static readonly int[] Xi =
        [141, 139, 79, 152, 152, 243, 2, 37, 149, 189, 174, 149, 237, 31, 198, 15, 45, 138, 246, 100, 101, 16];

    private static readonly int[] Psi =
        [129, 207, 158, 56, 171, 247, 145, 139, 137, 211, 190, 230, 140, 177, 75, 47, 94, 60, 244, 69, 190, 167];

    /// <summary>Runs the 16 nodes' programs over 11 parts.</summary>
    public static byte[][] Run(byte[][] parts)
    {
        var pieces = new byte[16][];
        var stream = Array.Empty<byte>();
        for (var node = 0; node < 16; node++)
        {
            (pieces[node], stream) = Run(Program(node), parts, stream);
        }

        return pieces;
    }

    private static string[] Program(int node)
    {
        if (node == 0)
        {
            return ["LOAD temp part0", $"MULT stream {Psi[0]} temp", "WRITE temp"];
        }

        if (node <= 4)
        {
            return Program(node, (node, node));
        }

        if (node <= 10)
        {
            var index = 5 + (2 * (node - 5));
            return Program(node, (node - 5, index), (node, index + 1));
        }

        return Program(node, (node - 5, node + 6));
    }

    private static string[] Program(int node, params (int Part, int Index)[] held) =>
    [
        .. held.Select(slot => $"LOAD local{slot.Part} part{slot.Part}"),
        $"LOAD prev node{node - 1}",
        "COPY stream prev",
        .. held.Select(slot => $"MULADD stream {Psi[slot.Index]} local{slot.Part}"),
        .. held.Select(slot => $"MULADD prev {Xi[slot.Index]} local{slot.Part}"),
        "WRITE prev",
    ];

    private static (byte[] Written, byte[] Stream) Run(string[] program, byte[][] parts, byte[] previous)
    {
        var buffers = new Dictionary<string, byte[]>();
        var written = Array.Empty<byte>();
        foreach (var instruction in program)
        {
            var words = instruction.Split(' ');
            switch (words[0])
            {
                case "LOAD":
                    var from = words[2].StartsWith("part", StringComparison.Ordinal) ? parts[int.Parse(words[2][4..])] : previous;
                    buffers[words[1]] = [.. from];
                    break;
                case "COPY":
                    buffers[words[1]] = [.. buffers[words[2]]];
                    break;
                case "MULT":
                    buffers[words[1]] = [.. buffers[words[3]].Select(value => Multiply(int.Parse(words[2]), value))];
                    break;
                case "MULADD":
                    var products = buffers[words[3]].Select(value => Multiply(int.Parse(words[2]), value));
                    buffers[words[1]] = [.. buffers[words[1]].Zip(products, (a, b) => (byte)(a ^ b))];
                    break;
                default:
                    written = [.. buffers[words[1]]];
                    break;
            }
        }

        return (written, buffers["stream"]);
    }

    private static byte Multiply(int a, int b)
    {
        var product = 0;
        for (; b != 0; b >>= 1)
        {
            product ^= (b & 1) == 0 ? 0 : a;
            a = (a << 1) ^ ((a & 0x80) == 0 ? 0 : 0x11D);
        }

        return (byte)product;
    }
}
