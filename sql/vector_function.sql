-- Functions of vector that are no distances, and arithmetic.
SELECT vector_dims('[1,2,3]'::vector), vector_dims(array_fill(0, ARRAY[16000])::vector);

SELECT vector_norm('[3,4]'), vector_norm('[0,0,0]'), vector_norm('[-2]'), vector_norm('[1,1,1,1,1,1,1,1,1]');
SELECT vector_norm('[3e38,4e37]')::real, vector_norm('[3e-38,4e-38]')::real;

SELECT l2_normalize('[3,4]'::vector), l2_normalize('[0,-0.1]'::vector), l2_normalize('[3e38]'::vector), l2_normalize('[1e-45,0]'::vector);
SELECT l2_normalize('[0,0]'::vector), l2_normalize('[-0]'::vector);

SELECT binary_quantize('[1,0,-1,0.5,-0,1e-45]'::vector);
SELECT binary_quantize('[1,-1,1,1,-1,-1,-1,1]'::vector), binary_quantize('[1,-1,1,1,-1,-1,-1,1,1]'::vector),
    length(binary_quantize(array_fill(1, ARRAY[16000])::vector));

SELECT subvector('[1,2,3,4,5]'::vector, 1, 5), subvector('[1,2,3,4,5]'::vector, 2, 3), subvector('[1,2,3,4,5]'::vector, 5, 1);
SELECT subvector('[1,2,3,4,5]'::vector, 4, 100), subvector('[1,2,3,4,5]'::vector, -1, 4), subvector('[1,2,3,4,5]'::vector, 0, 2);
SELECT subvector('[1,2,3]'::vector, -2147483648, 2147483647);
SELECT subvector('[1,2,3]'::vector, -2147483645, 2147483647);
SELECT subvector('[1,2,3]'::vector, 1, 2147483647), subvector('[1,2,3]'::vector, 3, 2147483647);
SELECT subvector('[1,2,3]'::vector, 2147483647, 2147483647);
SELECT subvector('[1,2,3]'::vector, 4, 1);
SELECT subvector('[1,2,3]'::vector, 1, 0);
SELECT subvector('[1,2,3]'::vector, 1, -2147483648);
SELECT subvector('[1,2,3]'::vector, -3, 4);

SELECT '[1,2,3]'::vector + '[4,5,6]', '[1,2,3]'::vector - '[4,5,6]', '[1,2,3]'::vector * '[4,5,-6]';
SELECT '[1]'::vector || '[2,3]', '[1,2]'::vector || '[1,2]' || '[3]';
SELECT '[0,-0,1e-30]'::vector * '[1e-45,1e-45,1e-15]';
SELECT vector_dims(array_fill(1, ARRAY[8000])::vector || array_fill(1, ARRAY[8000])::vector);

SELECT '[1,2]'::vector + '[1]';
SELECT '[1,2]'::vector - '[1]';
SELECT '[1,2]'::vector * '[1]';
SELECT '[3e38,1]'::vector + '[3e38,1]';
SELECT '[1,-3e38]'::vector - '[1,3e38]';
SELECT '[1e20]'::vector * '[-1e20]';
SELECT '[1e-30]'::vector * '[1e-30]';
SELECT array_fill(1, ARRAY[16000])::vector || '[1]';

\set VERBOSITY sqlstate
SELECT '[3e38,1]'::vector + '[3e38,1]';
SELECT '[1e-30]'::vector * '[1e-30]';
SELECT '[1,2]'::vector + '[1]';
SELECT array_fill(1, ARRAY[16000])::vector || '[1]';
SELECT subvector('[1,2,3]'::vector, 4, 1);
