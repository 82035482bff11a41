console.log('tollgate');
